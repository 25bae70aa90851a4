"""3D LUTs from R'G'B' to chroma.

`SmoothLut` is indexed by R'G'B'. `SpreadLut` is indexed in axes along which the colours of the film
have equal spread: fading leaves hues so close together that a small difference of hue carries more
information than a large difference of lightness.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

NODES = 33
"""Nodes along each axis, the usual size of LUTs in colour grading."""


@dataclass(frozen=True)
class SmoothLut:
    """`nodes` (2, N, N, N): Cb and Cr at each blue, green, red from 0 to 1."""

    nodes: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of R'G'B' (3, H, W), trilinear; values are clipped to 0 to 1."""
        grid = (rgb.clamp(0.0, 1.0) * 2 - 1).permute(1, 2, 0)[None, None]
        cbcr: Tensor = functional.grid_sample(
            self.nodes[None], grid, mode="bilinear", padding_mode="border", align_corners=True
        )
        return cbcr[0, :, 0]


@dataclass(frozen=True)
class Axes:
    """An affine map of R'G'B' to a unit cube in which a film's colours have equal spread.

    `matrix` (3, 3) is applied first, then `offset` (3, 1) is added.
    """

    matrix: Tensor
    offset: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Positions in the cube, mostly 0 to 1, of R'G'B' (3, ...)."""
        clipped = rgb.clamp(0.0, 1.0).flatten(1)
        return torch.addmm(self.offset, self.matrix, clipped).reshape(rgb.shape)


@dataclass(frozen=True)
class SpreadLut:
    """A LUT in the cube of `axes`."""

    lut: SmoothLut
    axes: Axes

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of R'G'B' (3, H, W)."""
        return self.lut(self.axes(rgb))
