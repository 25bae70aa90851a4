"""3D LUTs from R'G'B' to chroma.

`SmoothLut` is indexed by R'G'B'. `SpreadLut` is indexed in axes along which the colours of the film
have equal spread: fading leaves hues so close together that a small difference of hue carries more
information than a large difference of lightness.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import PyOpenColorIO as ocio
import torch
from torch import Tensor

NODES = 33
"""Nodes along each axis, the usual size of LUTs in colour grading."""


@dataclass(frozen=True)
class SmoothLut:
    """`nodes` (C, N, N, N): one to three values at each blue, green, red from 0 to 1, those of
    chroma Cb and Cr. Do not change them in place."""

    nodes: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Values (C, H, W) at R'G'B' (3, H, W), trilinear; R'G'B' is clipped to 0 to 1."""
        planes = np.array(rgb.flatten(1).numpy(), dtype=np.float32, order="C")
        if planes.size:
            self._processor.apply(ocio.PlanarImageDesc(*planes, planes.shape[1], 1))
        return torch.from_numpy(planes[: len(self.nodes)]).reshape(-1, *rgb.shape[1:])

    def transform(self) -> ocio.Lut3DTransform:
        """The LUT for OpenColorIO, trilinear; values that it lacks of three are 0."""
        count, size = self.nodes.shape[:2]
        values = np.zeros((size, size, size, 3), np.float32)
        values[..., :count] = self.nodes.permute(3, 2, 1, 0).numpy()
        lut = ocio.Lut3DTransform(size)
        lut.setInterpolation(ocio.INTERP_LINEAR)
        lut.setData(values.reshape(-1))
        return lut

    @cached_property
    def _processor(self) -> ocio.CPUProcessor:
        """OpenColorIO, which takes half the time of torch's `grid_sample`."""
        return (
            ocio.Config.CreateRaw()
            .getProcessor(self.transform())
            .getOptimizedCPUProcessor(
                ocio.BIT_DEPTH_F32, ocio.BIT_DEPTH_F32, ocio.OPTIMIZATION_LOSSLESS
            )
        )


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
