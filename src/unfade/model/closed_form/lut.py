"""A smooth 3D LUT from R'G'B' to chroma, fitted in closed form: the honest baseline.

It minimises the weighted squared error of trilinear interpolation plus the squared second
differences of neighbouring nodes, so that nodes which no pixel ever touched continue their
neighbours in a straight line.

The same in a cube in which the film's colours spread alike: fading leaves hues so near to one
another that there a small difference of hue tells more than a large one of light.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

NODES = 33
"""Nodes along each axis, as colourists' LUTs have."""


@dataclass(frozen=True)
class SmoothLut:
    """`nodes` (2, NODES, NODES, NODES): Cb and Cr at each blue, green, red from 0 to 1."""

    nodes: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of R'G'B' (3, H, W); outside 0 to 1 the nearest face answers."""
        grid = (rgb.clamp(0.0, 1.0) * 2 - 1).permute(1, 2, 0)[None, None]
        looked_up: Tensor = functional.grid_sample(
            self.nodes[None], grid, mode="bilinear", padding_mode="border", align_corners=True
        )
        return looked_up[0, :, 0]


@dataclass(frozen=True)
class Axes:
    """A cube in which a film's colours spread alike: `turn` (3, 3), then `move` (3, 1)."""

    turn: Tensor
    move: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Places in the cube, mostly 0 to 1, of R'G'B' (3, ...)."""
        seen = rgb.clamp(0.0, 1.0).flatten(1)
        return torch.addmm(self.move, self.turn, seen).reshape(rgb.shape)


@dataclass(frozen=True)
class SpreadLut:
    """A LUT in the cube of `axes`."""

    lut: SmoothLut
    axes: Axes

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of R'G'B' (3, H, W)."""
        return self.lut(self.axes(rgb))
