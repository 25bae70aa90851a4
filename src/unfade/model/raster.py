"""The raster on which the model works, and the way there and back."""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.model.degrain import box

RASTER_WIDTH = 1000
"""The model works on pictures of at most this many pixels a line: colour is coarser than luma."""

CHROMA_EPSILON = 1e-3
"""Luma variance below which upsampled chroma does not follow luma: above grain, below edges."""


def on_raster(source_rgb: Tensor) -> Tensor:
    """A source picture (3, H, W) of any size and exposure on the model's raster, 0 to 1."""
    return shrink(source_rgb / exposure_of(source_rgb), raster_factor(source_rgb.shape[-1]))


def exposure_of(source_rgb: Tensor) -> Tensor:
    """By how much each pixel (3, H, W) is above 1 and therefore scaled down, (1, H, W), or
    (1, 1, 1) where none is."""
    if source_rgb.max() <= 1.0:
        return source_rgb.new_ones(1, 1, 1)
    return source_rgb.amax(dim=0, keepdim=True).clamp_min(1.0)


def raster_factor(width: int) -> int:
    """How many pixels of a picture `width` pixels wide make one of the model's raster."""
    return -(-width // RASTER_WIDTH)


def shrink(picture: Tensor, factor: int) -> Tensor:
    """(C, H, W) averaged over squares of `factor` pixels, those at the edge over what there is."""
    if factor == 1:
        return picture
    averaged: Tensor = functional.avg_pool2d(
        picture[None], factor, ceil_mode=True, count_include_pad=False
    )
    return averaged[0]


def stretch(planes: Tensor, factor: int, height: int, width: int) -> Tensor:
    """What was shrunk by a factor at its size again, (C, height, width), bilinear."""
    if factor == 1:
        return planes
    whole: Tensor = functional.interpolate(
        planes[None], scale_factor=factor, mode="bilinear", align_corners=False
    )
    return whole[0, :, :height, :width]


def enlarge(cbcr_small: Tensor, y_small: Tensor, y: Tensor, factor: int) -> Tensor:
    """Chroma of the model's raster laid on full-resolution luma, so that its edges follow.

    Within small windows chroma is taken as a linear function of luma; that function is what is
    interpolated. Source: He, Sun, "Fast Guided Filter", 2015.

    Args:
        cbcr_small: (2, h, w).
        y_small: (1, h, w).
        y: (1, H, W), H and W up to `factor` times h and w.
        factor: pixels of `y` a pixel of `y_small`.

    Returns:
        (2, H, W).
    """
    if factor == 1:
        return cbcr_small
    mean_y, mean_c = box(y_small, 1), box(cbcr_small, 1)
    variance = (box(y_small**2, 1) - mean_y**2).clamp_min(0.0)
    covariance = box(y_small * cbcr_small, 1) - mean_y * mean_c
    gain = covariance / (variance + CHROMA_EPSILON)
    line = torch.cat([gain, mean_c - gain * mean_y])
    line = stretch(line, factor, *y.shape[-2:])
    return line[:2] * y + line[2:]
