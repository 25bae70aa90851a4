"""LUTs and laws in closed form."""

import pytest
import torch

from unfade.model.closed_form.lut import SmoothLut
from unfade.train.data.samples import ColourSamples
from unfade.train.fit.laws import fit_law, fit_laws
from unfade.train.fit.lut import find_axes, fit_smooth_lut


def colours(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(3, count, generator=torch.Generator().manual_seed(seed))


def linear(rgb: torch.Tensor) -> torch.Tensor:
    return torch.stack([0.3 * rgb[0] - 0.2 * rgb[2], 0.1 - 0.4 * rgb[1]])


def test_a_linear_law_is_found_and_continued_where_no_pixel_was() -> None:
    seen = colours(4000) * 0.5 + 0.2
    lut = fit_smooth_lut(seen, linear(seen), torch.ones(4000))
    asked = colours(500, seed=1)
    answered = lut(asked[:, :, None])[..., 0]
    torch.testing.assert_close(answered, linear(asked), atol=2e-3, rtol=0)


def test_red_green_and_blue_are_not_exchanged() -> None:
    nodes = torch.zeros(2, 33, 33, 33)
    nodes[0] = torch.linspace(0, 1, 33)[None, None, :]
    nodes[1] = torch.linspace(0, 1, 33)[:, None, None]
    rgb = torch.tensor([0.25, 0.5, 0.75]).reshape(3, 1, 1)
    torch.testing.assert_close(SmoothLut(nodes)(rgb).flatten(), torch.tensor([0.25, 0.75]))


def test_pixels_without_weight_do_not_count() -> None:
    rgb = colours(2000)
    cbcr = linear(rgb)
    weight = torch.ones(2000)
    weight[::2] = 0
    spoilt = cbcr.clone()
    spoilt[:, ::2] = 0.5
    kept = fit_smooth_lut(rgb, spoilt, weight)
    right = fit_smooth_lut(rgb[:, 1::2], cbcr[:, 1::2], torch.ones(1000))
    torch.testing.assert_close(kept.nodes, right.nodes, atol=1e-3, rtol=0)


def test_a_shot_learns_its_own_law_and_leans_on_the_film_elsewhere() -> None:
    wide, dark = colours(4000), colours(2000, seed=2) * 0.3
    film = ColourSamples(wide, linear(wide), torch.ones(4000))
    own = ColourSamples(dark, linear(dark) + 0.05, torch.ones(2000))
    laws = fit_laws({1: film, 2: own}, torch.zeros(3, 3))
    near = torch.full((3, 1, 1), 0.15)
    learnt = laws(near, 2) - laws(near, 1)
    assert float(learnt.mean()) == pytest.approx(0.05, abs=0.02)
    assert torch.equal(laws(near, 3), laws.film(near))


def test_in_a_spread_cube_a_small_difference_of_hue_outweighs_one_of_light() -> None:
    """A dark blue and a light beige surface of almost one faded hue, and a blue one between."""
    draw = torch.Generator().manual_seed(3)
    blue = torch.arange(4000) % 2 == 0
    light = torch.where(blue, 0.25, 0.75) + (torch.rand(4000, generator=draw) - 0.5) * 0.3
    grain = torch.randn(3, 4000, generator=draw) * 0.002
    hue = torch.tensor([[-0.01], [0.0], [0.01]])
    sample = ColourSamples(
        light + hue * torch.where(blue, 1.0, -1.0) + grain,
        torch.where(blue, 0.2, -0.2).expand(2, -1),
        torch.ones(4000),
    )
    law = fit_law(sample, find_axes(sample.rgb, sample.weight))
    unseen = (torch.full((3, 1), 0.6) + hue)[..., None]
    assert float(law.spread(unseen)[0]) > 0.1
    assert float(law.smooth(unseen)[0]) < float(law(unseen)[0]) < float(law.spread(unseen)[0])


def test_axes_bring_colours_to_one_spread_within_the_cube() -> None:
    rgb = 0.5 + torch.randn(3, 20_000, generator=torch.Generator().manual_seed(4)) * 0.01
    rgb = rgb + torch.linspace(-0.4, 0.4, 20_000)
    placed = find_axes(rgb, torch.ones(20_000))(rgb)
    spread = placed.std(dim=1)
    torch.testing.assert_close(spread, spread.mean().expand(3), rtol=0.05, atol=0)
    assert float(((placed > 0) & (placed < 1)).float().mean()) > 0.998
