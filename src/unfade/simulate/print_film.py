"""The dyes of a colour print: from light to amounts of dye, and back.

A scanner sees the film through three narrow bands. In each the density is taken for a weighted sum
of the three dyes (Beer's law; exact only in an infinitely narrow band), each of which absorbs
mostly in one band and a little in the others. Amounts are scaled so that equal ones are neutral
and an amount of 1 of all three is a density of 1.
"""

import json
import math
from functools import cache
from importlib import resources

import torch
from torch import Tensor

from unfade.film.working_space import WORKING_GAMMA

DYES = ("cyan", "magenta", "yellow")

# Centres in red, green and blue, and the full width at half maximum, of the light of a film
# scanner with LEDs, in nanometres. An assumption: makers do not publish theirs.
_BAND_CENTRES = (625.0, 535.0, 455.0)
_BAND_WIDTH = 30.0

# What a projector's or scanner's stray light leaves of perfect black, as a share of white. It
# keeps the density finite: 2.7 at most, about what a print of the time reaches.
_STRAY_LIGHT = 0.002

DEEPEST_AMOUNT = 3.0
"""Amount of each dye where the print was fully exposed: frame lines and edges."""


@cache
def dye_densities() -> Tensor:
    """How much each dye, in the order of `DYES`, absorbs in red, green and blue.

    Returns:
        (3 bands, 3 dyes) float32; every row adds up to 1.
    """
    table = json.loads(
        (resources.files("unfade.simulate") / "dyes.json").read_text(encoding="utf-8")
    )
    wavelengths = torch.tensor(table["nanometres"], dtype=torch.float64)
    spectra = torch.tensor([table[dye] for dye in DYES], dtype=torch.float64)
    centres = torch.tensor(_BAND_CENTRES, dtype=torch.float64)
    sigma = _BAND_WIDTH / (2 * math.sqrt(2 * math.log(2)))
    bands = torch.exp(-(((wavelengths - centres[:, None]) / sigma) ** 2) / 2)
    densities = (bands / bands.sum(dim=1, keepdim=True)) @ spectra.T
    return (densities / densities.sum(dim=1, keepdim=True)).to(torch.float32)


def display_to_dyes(rgb: Tensor) -> Tensor:
    """The dyes of the print that shows a picture; none is below 0, which limits its colours.

    Args:
        rgb: (3, H, W) R'G'B' of the working space.

    Returns:
        (3, H, W) amounts of cyan, magenta and yellow.
    """
    light = rgb.clamp_min(0.0) ** WORKING_GAMMA * (1 - _STRAY_LIGHT) + _STRAY_LIGHT
    return _mix(torch.linalg.inv(dye_densities()), -torch.log10(light)).clamp_min_(0.0)


def dyes_to_density(dyes: Tensor) -> Tensor:
    """Density in red, green and blue, (3, H, W), of amounts of dye (3, H, W)."""
    return _mix(dye_densities(), dyes)


def density_to_display(density: Tensor) -> Tensor:
    """R'G'B' (3, H, W) of the working space, of density in red, green and blue (3, H, W)."""
    return torch.exp2(density * (-math.log2(10) / WORKING_GAMMA))


def _mix(matrix: Tensor, planes: Tensor) -> Tensor:
    return (matrix @ planes.reshape(3, -1)).reshape(planes.shape)
