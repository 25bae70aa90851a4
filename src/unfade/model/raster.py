"""The raster on which the model works, and the conversion to and from it."""

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade.geometry.bands import bands
from unfade.model import symmetric
from unfade.model.resample import box_mean, downsample, upsample

RASTER_WIDTH_PX = 1000
"""Largest width, in pixels, of the model's raster. Chroma has less detail than luma, and half this
width was worse on fine detail (decisions/04)."""

NETWORK_WIDTH_PX = 512
"""Largest width, in pixels, of the raster of the networks. References hold chroma of some 360
pixels a line, and the closed form has the finer detail."""

GUIDE_EPSILON = 1e-3
"""Luma variance below which upsampled chroma does not follow luma: above grain, below edges."""

DETAIL_EPSILON = 1e-6
"""Variance of the guides below which enlarged chroma does not follow them: above rounding, below
the detail of the closed form. Of 1e-3 to 1e-6 the smallest was best on two development shots."""

MAX_DETAIL_RATIO = 2.0
"""Largest enlarged chroma, as a multiple of the largest in the window. Where guides hold hardly
more than noise, their linear functions may lead far beyond it."""


def to_raster(source_rgb: Tensor) -> Tensor:
    """A source picture (3, H, W) of any size and exposure on the model's raster, 0 to 1."""
    return at_exposure(source_rgb, exposure_of(source_rgb))


def at_exposure(rgb: Tensor, exposure: Tensor) -> Tensor:
    """A picture (3, H, W) divided by an `exposure_of` a source, on the model's raster."""
    height, width = rgb.shape[1:]
    factor = raster_factor(width)
    if exposure.numel() == 1 and float(exposure) == 1.0:
        return downsample(rgb, factor)
    scaled = (rgb[:, lines] / exposure[:, lines] for lines in bands(height, width, factor))
    return torch.cat([downsample(part, factor) for part in scaled], dim=1)


def exposure_of(source_rgb: Tensor) -> Tensor:
    """Factor (1, H, W) by which each pixel of (3, H, W) exceeds 1, at least 1.

    The shape is (1, 1, 1) if no pixel does.
    """
    if source_rgb.max() <= 1.0:
        return source_rgb.new_ones(1, 1, 1)
    red, green, blue = torch.split(source_rgb, 1)
    return torch.maximum(torch.maximum(red, green), blue).clamp_min_(1.0)


def raster_factor(width: int) -> int:
    """Source pixels per pixel of the model's raster, for a picture `width` pixels wide."""
    return -(-width // RASTER_WIDTH_PX)


def network_factor(width: int) -> int:
    """Pixels of the model's raster, `width` pixels wide, per pixel of the networks' raster."""
    return -(-width // NETWORK_WIDTH_PX)


def guided_upsample(
    cbcr_small: Tensor, y_small: Tensor, y: Tensor, exposure: Tensor, factor: int
) -> Tensor:
    """Chroma of the model's raster at full resolution and exposure, with edges that follow luma.

    In windows of 3 by 3 pixels chroma is a linear function of luma, whose coefficients are
    interpolated. Source: He, Sun, "Fast Guided Filter", 2015.

    Args:
        cbcr_small: (2, h, w).
        y_small: (1, h, w).
        y: (1, H, W), H and W up to `factor` times h and w.
        exposure: (1, H, W) or (1, 1, 1), that of `y`; `y_small` has none.
        factor: pixels of `y` per pixel of `y_small`.

    Returns:
        (2, H, W).
    """
    if factor == 1:
        return cbcr_small * exposure
    mean_y, mean_c = box_mean(y_small, 1), box_mean(cbcr_small, 1)
    variance = (box_mean(y_small**2, 1) - mean_y**2).clamp_min(0.0)
    covariance = box_mean(y_small * cbcr_small, 1) - mean_y * mean_c
    gain = covariance / (variance + GUIDE_EPSILON)
    offset = mean_c - gain * mean_y
    # Both sides of gain * (y / exposure) + offset are multiplied by the exposure.
    cbcr = upsample(gain, factor, *y.shape[-2:]).mul_(y)
    for plane, small_plane in zip(cbcr, offset, strict=True):
        plane.addcmul_(upsample(small_plane[None], factor, *y.shape[-2:])[0], exposure[0])
    return cbcr


def enlarge_along(cbcr_small: Tensor, guide_small: Tensor, guide: Tensor, factor: int) -> Tensor:
    """Chroma of the networks' raster on the model's raster, with the detail of three guides.

    In windows of 3 by 3 pixels chroma is a linear function of the guides, whose coefficients are
    interpolated. Source: He, Sun, Tang, "Guided Image Filtering", 2013.

    Args:
        cbcr_small: (2, h, w).
        guide_small: (3, h, w).
        guide: (3, H, W), H and W up to `factor` times h and w.
        factor: pixels of `guide` per pixel of `guide_small`.

    Returns:
        (2, H, W).
    """
    if factor == 1:
        return cbcr_small
    height, width = guide.shape[1:]
    enlarged = []
    for gains, offset in _lines_along(cbcr_small, guide_small):
        plane = upsample(offset[None], factor, height, width)[0]
        for gain, guide_plane in zip(upsample(gains, factor, height, width), guide, strict=True):
            plane.addcmul_(gain, guide_plane)
        enlarged.append(plane)
    largest = [cv2.dilate(plane, np.ones((3, 3), np.uint8)) for plane in cbcr_small.abs().numpy()]
    limit = upsample(torch.from_numpy(np.stack(largest)) * MAX_DETAIL_RATIO, factor, height, width)
    return torch.stack(enlarged).clamp_(-limit, limit)


def _lines_along(planes: Tensor, guide: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """For each of some planes (C, h, w) the gains (3, h, w) on the guide (3, h, w) and the offset
    (h, w) of the linear functions of the windows."""
    guide_mean = box_mean(guide, 1)
    # Guides may be nearly alike; in single precision their matrices have no inverse.
    covariance = (box_mean(symmetric.products(guide), 1) - symmetric.products(guide_mean)).double()
    inverse = symmetric.inverse_of_covariance(covariance, DETAIL_EPSILON)
    for plane, mean in zip(planes, box_mean(planes, 1), strict=True):
        with_guide = box_mean(guide * plane, 1) - guide_mean * mean
        gains = symmetric.times(inverse, with_guide.double()).float()
        yield gains, mean - (gains * guide_mean).sum(dim=0)
