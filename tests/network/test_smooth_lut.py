"""The closed-form baseline."""

import pytest
import torch

from unfade.network import Sample, fit_baseline
from unfade.network.lut import SmoothLut, fit_smooth_lut


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
    film = Sample(wide, linear(wide), torch.ones(4000))
    own = Sample(dark, linear(dark) + 0.05, torch.ones(2000))
    baseline = fit_baseline({1: film, 2: own})
    near = torch.full((3, 1, 1), 0.15)
    learnt = baseline.look_up(near, 2) - baseline.look_up(near, 1)
    assert float(learnt.mean()) == pytest.approx(0.05, abs=0.02)
    assert torch.equal(baseline.look_up(near, 3), baseline.film(near))
