"""The dyes of a colour print: conversion from display values to dye amounts, and back.

The scanner measures three narrow bands. In each, density is modelled as a weighted sum of the
three dye amounts (Beer's law, exact only in an infinitely narrow band); each dye absorbs mostly in
one band and a little in the others. Equal amounts are neutral, and an amount of 1 of all three
dyes has density 1.
"""

import json
import math
from functools import cache
from importlib import resources

import torch
from torch import Tensor

from unfade.film.working_space import WORKING_GAMMA

DYES = ("cyan", "magenta", "yellow")
"""Dyes of a colour print, in the order of all tensors of dye amounts."""

_BAND_CENTRES_NM = (625.0, 535.0, 455.0)
"""Peak wavelengths in red, green and blue of a film scanner with LEDs. An assumption, because
makers do not publish theirs."""

_BAND_WIDTH_NM = 30.0
"""Full width at half maximum of each band. An assumption, too."""

_FLARE = 0.002
"""Stray light on perfect black, as a share of white. It limits density to 2.7, about the maximum of
prints of the time."""

MAX_DYE_AMOUNT = 3.0
"""Amount of each dye where the print was fully exposed: frame lines and edges."""


@cache
def dye_densities() -> Tensor:
    """Density of each dye, in the order of `DYES`, in red, green and blue, per unit amount.

    Returns:
        (3 bands, 3 dyes) float32; every row adds up to 1.
    """
    table = json.loads(
        (resources.files("unfade.simulate") / "dyes.json").read_text(encoding="utf-8")
    )
    wavelengths = torch.tensor(table["nanometres"], dtype=torch.float64)
    spectra = torch.tensor([table[dye] for dye in DYES], dtype=torch.float64)
    centres = torch.tensor(_BAND_CENTRES_NM, dtype=torch.float64)
    sigma = _BAND_WIDTH_NM / (2 * math.sqrt(2 * math.log(2)))
    bands = torch.exp(-(((wavelengths - centres[:, None]) / sigma) ** 2) / 2)
    densities = (bands / bands.sum(dim=1, keepdim=True)) @ spectra.T
    return (densities / densities.sum(dim=1, keepdim=True)).to(torch.float32)


def display_to_dyes(rgb: Tensor) -> Tensor:
    """The dye amounts of a print that shows a picture. They are clamped at 0, so colours outside
    the print's gamut change.

    Args:
        rgb: (3, H, W) R'G'B' of the working space.

    Returns:
        (3, H, W) amounts of cyan, magenta and yellow.
    """
    light = rgb.clamp_min(0.0) ** WORKING_GAMMA * (1 - _FLARE) + _FLARE
    return _mix(torch.linalg.inv(dye_densities()), -torch.log10(light)).clamp_min_(0.0)


def dyes_to_density(dyes: Tensor) -> Tensor:
    """Density in red, green and blue, (3, H, W), of amounts of dye (3, H, W)."""
    return _mix(dye_densities(), dyes)


def density_to_display(density: Tensor) -> Tensor:
    """R'G'B' (3, H, W) of the working space, from density in red, green and blue (3, H, W)."""
    return torch.exp2(density * (-math.log2(10) / WORKING_GAMMA))


def _mix(matrix: Tensor, planes: Tensor) -> Tensor:
    return (matrix @ planes.reshape(3, -1)).reshape(planes.shape)
