"""What the residual network sees of each pixel: itself, and its surroundings at several scales."""

import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr

SCALES = (1.5, 3.0, 6.0, 12.0, 25.0, 50.0, 100.0)
"""Standard deviations of the surroundings, in pixels of the model's raster."""

FINEST = 1.5
"""Standard deviation, in pixels of its level of the pyramid, below which a blur is not sampled."""

CHROMA_GAIN = 4.0
"""Chroma spans a quarter of what luma spans; the network wants them alike."""

OWN = 10
PER_SCALE = 8
COUNT = OWN + PER_SCALE * len(SCALES)
"""Features of a pixel."""

KINDRED_SCALE = 2
"""Place in `SCALES` of the surroundings that tell things apart without telling pictures apart."""

KINDRED = (3, 4, 5, 6, 7, *(OWN + PER_SCALE * KINDRED_SCALE + i for i in range(3)))
"""Features by which pixels are alike: YCbCr without grain, base chroma, YCbCr around it."""

WIDE_FROM = SCALES.index(12.0)
WIDE = tuple(
    OWN + PER_SCALE * scale + i for scale in range(WIDE_FROM, len(SCALES)) for i in range(6)
)
"""The features that tell where in the film a pixel is: means and deviation of wide surroundings."""

Planes = NDArray[np.float32]


def features(rgb: Tensor, rgb_degrained: Tensor, base_cbcr: Tensor, placed: bool) -> Tensor:
    """The features of every pixel.

    Args:
        rgb: the balanced source, (3, H, W).
        rgb_degrained: the same without grain, (3, H, W).
        base_cbcr: what the closed-form fit says, (2, H, W).
        placed: whether the network is to know the place in the frame.

    Returns:
        (COUNT, H, W), of the order of 1.
    """
    clean = _scaled(rgb_to_ycbcr(rgb_degrained))
    base = base_cbcr * CHROMA_GAIN
    own = [_scaled(rgb_to_ycbcr(rgb)), clean, base, place(*rgb.shape[1:]) * float(placed)]
    seen = torch.cat([clean, base, clean[:1] ** 2]).numpy()
    around = [torch.from_numpy(planes) for planes in _surroundings(seen)]
    return torch.cat([*own, *around])


def place(height: int, width: int) -> Tensor:
    """Across and down, -1 to 1 from edge to edge, (2, height, width)."""
    down, across = torch.meshgrid(
        (torch.arange(height) + 0.5) * (2 / height) - 1,
        (torch.arange(width) + 0.5) * (2 / width) - 1,
        indexing="ij",
    )
    return torch.stack([across, down])


def _surroundings(seen: Planes) -> list[Planes]:
    """Means, and deviation and slopes of luma, around each pixel, (PER_SCALE, H, W) a scale.

    Each scale is blurred, and enlarged again, on the coarsest level of a pyramid that holds it.

    Args:
        seen: (6, H, W): luma, chroma, base chroma, luma squared.
    """
    height, width = seen.shape[1:]
    result, level, factor, reached = [], seen, 1, 0.0
    for sigma in SCALES:
        while sigma / (factor * 2) >= FINEST and min(level.shape[1:]) >= 8:
            half = (-(-level.shape[2] // 2), -(-level.shape[1] // 2))
            level = _resized(level, half, cv2.INTER_AREA)
            reached = math.hypot(reached, factor / 2)
            factor *= 2
        step = math.sqrt(sigma**2 - reached**2) / factor
        level = np.stack(
            [cv2.GaussianBlur(p, (0, 0), step, borderType=cv2.BORDER_REPLICATE) for p in level]
        )
        reached = sigma
        coarse = _described(level, sigma / factor)
        result.append(_resized(coarse, (width, height), cv2.INTER_LINEAR) if factor > 1 else coarse)
    return result


def _resized(planes: Planes, size: tuple[int, int], how: int) -> Planes:
    return np.stack([cv2.resize(plane, size, interpolation=how) for plane in planes])


def _described(level: Planes, sigma: float) -> Planes:
    """(PER_SCALE, h, w) of a blurred level (6, h, w); `sigma` is in its pixels."""
    mean = level[0]
    deviation = np.sqrt(np.maximum(level[5] - mean**2, 0.0))
    slopes = [
        cv2.Scharr(mean, -1, *along, scale=sigma / 32, borderType=cv2.BORDER_REPLICATE)
        for along in ((1, 0), (0, 1))
    ]
    return np.concatenate([level[:5], np.stack([deviation, *slopes]) * np.float32(CHROMA_GAIN)])


def _scaled(ycbcr: Tensor) -> Tensor:
    return torch.cat([ycbcr[:1] - 0.5, ycbcr[1:] * CHROMA_GAIN])
