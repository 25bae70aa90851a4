"""What the residual network sees of each pixel: itself, and its surroundings at several scales."""

import torch
from torch import Tensor

from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.network.filters import blur

SCALES = (1.5, 3.0, 6.0, 12.0, 25.0, 50.0, 100.0)
"""Standard deviations of the surroundings, in pixels of the model's raster."""

CHROMA_GAIN = 4.0
"""Chroma spans a quarter of what luma spans; the network wants them alike."""

PER_SCALE = 7
COUNT = 8 + PER_SCALE * len(SCALES)
"""Features of a pixel."""


def features(rgb: Tensor, rgb_degrained: Tensor, base_cbcr: Tensor) -> Tensor:
    """The features of every pixel.

    Args:
        rgb: the source, (3, H, W).
        rgb_degrained: the source without grain, (3, H, W).
        base_cbcr: what the closed-form fit says, (2, H, W).

    Returns:
        (COUNT, H, W), of the order of 1.
    """
    clean = _scaled(rgb_to_ycbcr(rgb_degrained))
    base = base_cbcr * CHROMA_GAIN
    seen = [_scaled(rgb_to_ycbcr(rgb)), clean, base]
    y = luma(rgb_degrained)
    for sigma in SCALES:
        around = blur(torch.cat([clean, base, y * y, y]), sigma)
        mean = around[6:7]
        deviation = (around[5:6] - mean**2).clamp_min(0.0).sqrt()
        seen += [around[:5], deviation * CHROMA_GAIN, _slope(mean) * sigma * CHROMA_GAIN]
    return torch.cat(seen)


def _scaled(ycbcr: Tensor) -> Tensor:
    return torch.cat([ycbcr[:1] - 0.5, ycbcr[1:] * CHROMA_GAIN])


def _slope(plane: Tensor) -> Tensor:
    """The length of the gradient of (1, H, W), per pixel."""
    down, across = torch.gradient(plane, dim=(1, 2))
    return torch.hypot(down, across)
