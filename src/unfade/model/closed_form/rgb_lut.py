"""The LUT baseline from RGB to RGB, as programs for grading and compositing apply it.

A node has the luma of its colour, and the chroma of the baseline.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.film.working_space import WORKING_GAMMA
from unfade.model.closed_form.lut import SmoothLut
from unfade.model.raster import exposure_of


@dataclass(frozen=True)
class LogShaper:
    """From linear light to 0 to 1: the stops of `light + offset` between those of 0 and
    `max_light`."""

    offset: float
    max_light: float

    @property
    def stops(self) -> float:
        """Stops from 0 to 1."""
        return math.log2((self.max_light + self.offset) / self.offset)

    def to_log(self, light: Tensor) -> Tensor:
        """0 to 1 of linear light from 0 to `max_light`."""
        return ((light + self.offset) / self.offset).log2() / self.stops

    def to_light(self, log: Tensor) -> Tensor:
        """The inverse of `to_log`."""
        return self.offset * ((log * self.stops).exp2() - 1)


LOG_SHAPER = LogShaper(offset=2.0**-6, max_light=16.0)
"""The shaper of LUTs for linear light: four stops above white, as `recoloured` with scans that keep
highlights; below the offset its nodes are equally far apart in light."""


def recoloured(lut: SmoothLut, rgb: Tensor) -> Tensor:
    """R'G'B' (3, H, W) of at least 0, with its luma and the chroma of a LUT.

    Beyond 1 the chroma is that of the colour within, times its exposure.
    """
    exposure, y = exposure_of(rgb), luma(rgb)
    cbcr = limit_chroma(y, lut(rgb / exposure) * exposure)
    return ycbcr_to_rgb(torch.cat([y, cbcr]))


def display_lut(lut: SmoothLut, size: int) -> SmoothLut:
    """From R'G'B' of the working space to the same, 0 to 1, with `size` nodes along each axis."""
    return _with_nodes(recoloured(lut, _grid(torch.linspace(0.0, 1.0, size))), size)


def log_lut(lut: SmoothLut, size: int, shaper: LogShaper = LOG_SHAPER) -> SmoothLut:
    """From linear light of Rec.709 in a shaper to the same."""
    light = shaper.to_light(torch.linspace(0.0, 1.0, size)).clamp_min(0.0)
    rgb = recoloured(lut, _grid(light ** (1 / WORKING_GAMMA)))
    return _with_nodes(shaper.to_log(rgb.clamp_min(0.0) ** WORKING_GAMMA), size)


def _grid(axis: Tensor) -> Tensor:
    """All colours (3, N * N, N) of an axis (N,): red varies fastest, then green."""
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    return torch.stack([red, green, blue]).flatten(1, 2)


def _with_nodes(rgb: Tensor, size: int) -> SmoothLut:
    return SmoothLut(rgb.reshape(3, size, size, size))
