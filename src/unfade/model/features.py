"""Features of a pixel for the networks: the pixel, and its surroundings at several scales."""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr

SCALES_PX = (1.5, 3.0, 6.0, 12.0, 25.0, 50.0)
"""Gaussian standard deviations of the surroundings, in pixels of the networks' raster."""

MIN_LEVEL_SIGMA_PX = 1.5
"""Smallest blur, in pixels of a pyramid level, that is computed on that level: a narrower Gaussian
is sampled too coarsely."""

CHROMA_GAIN = 4.0
"""Factor on chroma features, because chroma spans a quarter of the range of luma."""

PIXEL_FEATURES = 10
"""Features of the pixel itself: YCbCr with grain, YCbCr without grain, base chroma, position."""

FEATURES_PER_SCALE = 8
"""Features of the surroundings per scale: mean YCbCr, mean base chroma, deviation and two slopes of
luma."""

FEATURE_COUNT = PIXEL_FEATURES + FEATURES_PER_SCALE * len(SCALES_PX)
"""Features of a pixel, surroundings included."""

FIRST_WIDE_SCALE = SCALES_PX.index(6.0)
"""First scale of the wide surroundings, by which `Familiarity` recognises a part of the film."""

WIDE_FEATURES = tuple(
    PIXEL_FEATURES + FEATURES_PER_SCALE * scale + i
    for scale in range(FIRST_WIDE_SCALE, len(SCALES_PX))
    for i in range(6)
)
"""Indices of the features of wide surroundings: means, and deviation of luma."""

Planes = NDArray[np.float32]


def features(rgb: Tensor, rgb_degrained: Tensor, base_cbcr: Tensor, with_position: bool) -> Tensor:
    """Features of every pixel.

    Args:
        rgb: balanced source, (3, H, W).
        rgb_degrained: balanced source without grain, (3, H, W).
        base_cbcr: chroma of the closed form, (2, H, W).
        with_position: False sets the position features to zero.

    Returns:
        (FEATURE_COUNT, H, W), of the order of 1.
    """
    clean = _centred(rgb_to_ycbcr(rgb_degrained))
    base = base_cbcr * CHROMA_GAIN
    position = positions(*rgb.shape[1:]) * float(with_position)
    pixel = [_centred(rgb_to_ycbcr(rgb)), clean, base, position]
    blurred_inputs = torch.cat([clean, base, clean[:1] ** 2]).numpy()
    surroundings = [torch.from_numpy(planes) for planes in _surroundings(blurred_inputs)]
    return torch.cat([*pixel, *surroundings])


def positions(height: int, width: int) -> Tensor:
    """Horizontal and vertical position, -1 to 1 from edge to edge, (2, height, width)."""
    y, x = torch.meshgrid(
        (torch.arange(height) + 0.5) * (2 / height) - 1,
        (torch.arange(width) + 0.5) * (2 / width) - 1,
        indexing="ij",
    )
    return torch.stack([x, y])


def _surroundings(planes: Planes) -> list[Planes]:
    """Features of the surroundings of each pixel, (FEATURES_PER_SCALE, H, W) per scale.

    Each scale is blurred on the coarsest level of a pyramid that samples its Gaussian well, then
    enlarged again.

    Args:
        planes: (6, H, W): luma, chroma, base chroma, luma squared.
    """
    height, width = planes.shape[1:]
    result, level, factor, applied_sigma = [], planes, 1, 0.0
    for sigma in SCALES_PX:
        while sigma / (factor * 2) >= MIN_LEVEL_SIGMA_PX and min(level.shape[1:]) >= 8:
            half = (-(-level.shape[2] // 2), -(-level.shape[1] // 2))
            level = _resized(level, half, cv2.INTER_AREA)
            applied_sigma = math.hypot(applied_sigma, factor / 2)
            factor *= 2
        step = math.sqrt(sigma**2 - applied_sigma**2) / factor
        level = np.stack(
            [cv2.GaussianBlur(p, (0, 0), step, borderType=cv2.BORDER_REPLICATE) for p in level]
        )
        applied_sigma = sigma
        coarse = _level_features(level, sigma / factor)
        result.append(_resized(coarse, (width, height), cv2.INTER_LINEAR) if factor > 1 else coarse)
    return result


def _resized(planes: Planes, size: tuple[int, int], interpolation: int) -> Planes:
    return np.stack([cv2.resize(plane, size, interpolation=interpolation) for plane in planes])


def _level_features(level: Planes, sigma: float) -> Planes:
    """(FEATURES_PER_SCALE, h, w) from a blurred level (6, h, w); `sigma` is in its pixels."""
    mean = level[0]
    deviation = np.sqrt(np.maximum(level[5] - mean**2, 0.0))
    slopes = [
        cv2.Scharr(mean, -1, *axis, scale=sigma / 32, borderType=cv2.BORDER_REPLICATE)
        for axis in ((1, 0), (0, 1))
    ]
    return np.concatenate([level[:5], np.stack([deviation, *slopes]) * np.float32(CHROMA_GAIN)])


def _centred(ycbcr: Tensor) -> Tensor:
    return torch.cat([ycbcr[:1] - 0.5, ycbcr[1:] * CHROMA_GAIN])
