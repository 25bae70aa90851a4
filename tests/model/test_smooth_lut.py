"""LUTs and laws of colour, fitted in closed form."""

import pytest
import torch

from unfade.model.closed_form.lut import SmoothLut
from unfade.train.data.samples import ColourSamples
from unfade.train.fit.laws import fit_law, fit_laws
from unfade.train.fit.lut import LutFit, fit_axes


def colours(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(3, count, generator=torch.Generator().manual_seed(seed))


def linear(rgb: torch.Tensor) -> torch.Tensor:
    return torch.stack([0.3 * rgb[0] - 0.2 * rgb[2], 0.1 - 0.4 * rgb[1]])


def test_a_linear_law_is_found_and_extrapolated() -> None:
    fitted = colours(4000) * 0.5 + 0.2
    lut = LutFit(fitted, linear(fitted)).solve(torch.ones(4000))
    unseen = colours(500, seed=1)
    cbcr = lut(unseen[:, :, None])[..., 0]
    torch.testing.assert_close(cbcr, linear(unseen), atol=2e-3, rtol=0)


def test_nodes_are_ordered_blue_green_red() -> None:
    nodes = torch.zeros(2, 33, 33, 33)
    nodes[0] = torch.linspace(0, 1, 33)[None, None, :]
    nodes[1] = torch.linspace(0, 1, 33)[:, None, None]
    rgb = torch.tensor([0.25, 0.5, 0.75]).reshape(3, 1, 1)
    torch.testing.assert_close(SmoothLut(nodes)(rgb).flatten(), torch.tensor([0.25, 0.75]))


def test_pixels_of_weight_zero_do_not_count() -> None:
    rgb = colours(2000)
    cbcr = linear(rgb)
    weight = torch.ones(2000)
    weight[::2] = 0
    wrong = cbcr.clone()
    wrong[:, ::2] = 0.5
    lut = LutFit(rgb, wrong).solve(weight)
    expected = LutFit(rgb[:, 1::2], cbcr[:, 1::2]).solve(torch.ones(1000))
    torch.testing.assert_close(lut.nodes, expected.nodes, atol=1e-3, rtol=0)


@pytest.mark.parametrize("with_prior", [False, True])
def test_the_lut_does_not_depend_on_where_the_search_starts(with_prior: bool) -> None:
    """The second weights differ as much as those of a reweighted fit."""
    rgb = colours(4000)
    noise = 0.02 * torch.randn(2, 4000, generator=torch.Generator().manual_seed(5))
    cbcr = linear(rgb) + 0.05 * torch.sin(9 * rgb[:2]) + noise
    prior = LutFit(rgb, linear(rgb), nodes=17).solve(torch.ones(4000)) if with_prior else None
    fit = LutFit(rgb, cbcr, prior, 1e-3 if with_prior else 0.0, nodes=17)
    first = fit.solve(torch.ones(4000))
    weight = 1 / (0.02 + noise.abs().sum(dim=0))
    from_near, from_prior = fit.solve(weight, first), fit.solve(weight)
    at_samples = (from_near(rgb[:, :, None]) - from_prior(rgb[:, :, None])).abs()
    assert float(at_samples.mean()) < 1e-5
    assert float(at_samples.max()) < 3e-4
    unseen = colours(4000, seed=7)[:, :, None]
    assert float((from_near(unseen) - from_prior(unseen)).abs().mean()) < 2e-4
    assert float((first(unseen) - from_prior(unseen)).abs().mean()) > 2e-3
    again = LutFit(rgb, cbcr, prior, 1e-3 if with_prior else 0.0, nodes=17).solve(weight)
    assert torch.equal(again.nodes, from_prior.nodes)


def test_a_shot_has_its_own_law_and_other_shots_use_the_film_s() -> None:
    wide, dark = colours(4000), colours(2000, seed=2) * 0.3
    film = ColourSamples(wide, linear(wide), torch.ones(4000))
    own = ColourSamples(dark, linear(dark) + 0.05, torch.ones(2000))
    laws = fit_laws({1: film, 2: own}, torch.zeros(3, 3))
    dark_grey = torch.full((3, 1, 1), 0.15)
    difference = laws(dark_grey, 2) - laws(dark_grey, 1)
    assert float(difference.mean()) == pytest.approx(0.05, abs=0.02)
    assert torch.equal(laws(dark_grey, 3), laws.film(dark_grey))


def test_in_the_spread_cube_hue_outweighs_lightness() -> None:
    """The fit has dark blue and light beige pixels of almost one faded hue; the unseen colour has
    the hue of the blue and a lightness between."""
    generator = torch.Generator().manual_seed(3)
    blue = torch.arange(4000) % 2 == 0
    light = torch.where(blue, 0.25, 0.75) + (torch.rand(4000, generator=generator) - 0.5) * 0.3
    grain = torch.randn(3, 4000, generator=generator) * 0.002
    hue = torch.tensor([[-0.01], [0.0], [0.01]])
    sample = ColourSamples(
        light + hue * torch.where(blue, 1.0, -1.0) + grain,
        torch.where(blue, 0.2, -0.2).expand(2, -1),
        torch.ones(4000),
    )
    law = fit_law(sample, fit_axes(sample.rgb, sample.weight))
    unseen = (torch.full((3, 1), 0.6) + hue)[..., None]
    assert float(law.spread(unseen)[0]) > 0.1
    assert float(law.smooth(unseen)[0]) < float(law(unseen)[0]) < float(law.spread(unseen)[0])


def test_colours_have_equal_spread_along_the_axes_and_lie_in_the_cube() -> None:
    rgb = 0.5 + torch.randn(3, 20_000, generator=torch.Generator().manual_seed(4)) * 0.01
    rgb = rgb + torch.linspace(-0.4, 0.4, 20_000)
    position = fit_axes(rgb, torch.ones(20_000))(rgb)
    spread = position.std(dim=1)
    torch.testing.assert_close(spread, spread.mean().expand(3), rtol=0.05, atol=0)
    assert float(((position > 0) & (position < 1)).float().mean()) > 0.998
