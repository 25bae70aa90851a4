"""The dyes agree with the data sheet of the print film."""

import json
from importlib import resources

import numpy as np
import torch

from unfade.color.difference import rgb_difference
from unfade.simulate.print_film import (
    density_to_display,
    display_to_dyes,
    dye_densities,
    dyes_to_density,
)


def grey(value: float) -> torch.Tensor:
    return torch.full((3, 4, 4), value)


def test_published_dyes_add_up_to_the_published_neutral() -> None:
    table = json.loads((resources.files("unfade.simulate") / "dyes.json").read_text("utf-8"))
    total = sum(np.array(table[dye]) for dye in ("cyan", "magenta", "yellow"))
    difference = np.abs(total - np.array(table["midscale_neutral"]))
    assert len(table["nanometres"]) == len(total) == 36
    assert difference.max() < 0.026
    assert np.median(difference) < 0.01


def test_each_dye_absorbs_mostly_its_own_band_and_a_little_of_the_others() -> None:
    densities = dye_densities()
    assert torch.allclose(densities.sum(dim=1), torch.ones(3))
    assert (densities >= 0).all()
    assert (densities.diagonal() > 0.75).all()
    # From the table at 625, 535 and 455 nm: cyan in green, magenta in red and in blue.
    assert abs(densities[1, 0] - 0.127 / 1.185) < 0.01
    assert abs(densities[0, 1] - 0.092 / 0.960) < 0.01
    # Wider tolerance, because magenta rises steeply near 455 nm and the band is 30 nm wide.
    assert abs(densities[2, 1] - 0.226 / 1.244) < 0.025


def test_greys_need_equal_dyes() -> None:
    for value in (0.1, 0.5, 0.9):
        dyes = display_to_dyes(grey(value))[:, 0, 0]
        assert torch.allclose(dyes, dyes.mean().expand(3), atol=1e-4)


def test_density_one_is_a_tenth_of_the_light() -> None:
    rgb = density_to_display(dyes_to_density(torch.ones(3, 1, 1)))
    assert torch.allclose(rgb, torch.full((3, 1, 1), 0.1 ** (1 / 2.4)), atol=1e-5)


def test_colours_within_the_gamut_of_the_print_round_trip() -> None:
    torch.manual_seed(3)
    rgb = 0.3 + 0.5 * torch.rand(3, 32, 32)
    rgb = rgb.mean(dim=0) + 0.6 * (rgb - rgb.mean(dim=0))
    back = density_to_display(dyes_to_density(display_to_dyes(rgb)))
    assert rgb_difference(rgb, back).max() < 0.5


def test_colours_that_need_negative_dye_are_clamped() -> None:
    green = torch.tensor([0.0, 1.0, 0.0])[:, None, None]
    dyes = display_to_dyes(green)
    assert dyes.min() == 0
    rgb = density_to_display(dyes_to_density(dyes)).flatten()
    assert rgb[1] < 0.9
    assert rgb[1] > 2 * rgb[0]
