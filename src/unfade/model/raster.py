"""The raster on which the model works, and the conversion to and from it."""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.model.degrain import box_mean

RASTER_WIDTH_PX = 1000
"""Largest width, in pixels, of the model's raster. Chroma has less detail than luma, and half this
width was worse on fine detail (decisions/04)."""

GUIDE_EPSILON = 1e-3
"""Luma variance below which upsampled chroma does not follow luma: above grain, below edges."""


def to_raster(source_rgb: Tensor) -> Tensor:
    """A source picture (3, H, W) of any size and exposure on the model's raster, 0 to 1."""
    return downsample(source_rgb / exposure_of(source_rgb), raster_factor(source_rgb.shape[-1]))


def exposure_of(source_rgb: Tensor) -> Tensor:
    """Factor (1, H, W) by which each pixel of (3, H, W) exceeds 1, at least 1.

    The shape is (1, 1, 1) if no pixel does.
    """
    if source_rgb.max() <= 1.0:
        return source_rgb.new_ones(1, 1, 1)
    return source_rgb.amax(dim=0, keepdim=True).clamp_min(1.0)


def raster_factor(width: int) -> int:
    """Source pixels per pixel of the model's raster, for a picture `width` pixels wide."""
    return -(-width // RASTER_WIDTH_PX)


def downsample(picture: Tensor, factor: int) -> Tensor:
    """(C, H, W) averaged over squares of `factor` pixels; partial squares at the edge count too."""
    if factor == 1:
        return picture
    averaged: Tensor = functional.avg_pool2d(
        picture[None], factor, ceil_mode=True, count_include_pad=False
    )
    return averaged[0]


def upsample(planes: Tensor, factor: int, height: int, width: int) -> Tensor:
    """Inverse of `downsample`: (C, height, width), bilinear."""
    if factor == 1:
        return planes
    whole: Tensor = functional.interpolate(
        planes[None], scale_factor=factor, mode="bilinear", align_corners=False
    )
    return whole[0, :, :height, :width]


def guided_upsample(cbcr_small: Tensor, y_small: Tensor, y: Tensor, factor: int) -> Tensor:
    """Chroma of the model's raster at full resolution, with edges that follow luma.

    In windows of 3 by 3 pixels chroma is a linear function of luma, whose coefficients are
    interpolated. Source: He, Sun, "Fast Guided Filter", 2015.

    Args:
        cbcr_small: (2, h, w).
        y_small: (1, h, w).
        y: (1, H, W), H and W up to `factor` times h and w.
        factor: pixels of `y` per pixel of `y_small`.

    Returns:
        (2, H, W).
    """
    if factor == 1:
        return cbcr_small
    mean_y, mean_c = box_mean(y_small, 1), box_mean(cbcr_small, 1)
    variance = (box_mean(y_small**2, 1) - mean_y**2).clamp_min(0.0)
    covariance = box_mean(y_small * cbcr_small, 1) - mean_y * mean_c
    gain = covariance / (variance + GUIDE_EPSILON)
    line = torch.cat([gain, mean_c - gain * mean_y])
    line = upsample(line, factor, *y.shape[-2:])
    return line[:2] * y + line[2:]
