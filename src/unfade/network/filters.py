"""Blurs and an edge-preserving degrain, linear in pixels and exact on flat pictures."""

import math

import torch
from torch import Tensor
from torch.nn import functional

DEGRAIN_RADIUS = 2
"""Half the window of the degrain, in pixels: grain is finer, drawn lines are coarser."""

GRAIN_MADS = 1.5
"""How many times the estimated grain variance the degrain takes for grain."""


def blur(picture: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur of (C, H, W) by `sigma` pixels, computed on a smaller raster if it is wide.

    The border is repeated.
    """
    factor = 1
    while sigma / factor > 4 and min(picture.shape[-2:]) // (factor * 2) >= 4:
        factor *= 2
    small = functional.avg_pool2d(picture, factor, ceil_mode=True) if factor > 1 else picture
    inner = math.sqrt(max(sigma**2 - (factor**2 - 1) / 6, 0.25)) / factor
    small = _separable(small, _gaussian(inner))
    if factor == 1:
        return small
    height, width = picture.shape[-2:]
    upsampled: Tensor = functional.interpolate(
        small[None], scale_factor=factor, mode="bilinear", align_corners=False
    )
    return upsampled[0, :, :height, :width]


def degrain(picture: Tensor) -> Tensor:
    """Each channel of (C, H, W) without its grain: a guided filter that guides itself.

    Source: He, Sun, Tang, "Guided Image Filtering", 2013; the regulariser is the grain's own
    variance, estimated from the picture.
    """
    mean = box(picture, DEGRAIN_RADIUS)
    variance = (box(picture**2, DEGRAIN_RADIUS) - mean**2).clamp_min(0.0)
    grain = GRAIN_MADS * grain_variance(picture)[:, None, None]
    gain = variance / (variance + grain).clamp_min(1e-12)
    offset = mean - gain * mean
    return box(gain, DEGRAIN_RADIUS) * picture + box(offset, DEGRAIN_RADIUS)


def grain_variance(picture: Tensor) -> Tensor:
    """The variance of the grain of each channel of (C, H, W), as (C,).

    Source: Immerkaer, "Fast Noise Variance Estimation", 1996, with a median in the place of the
    mean, so that edges do not count as grain.
    """
    kernel = picture.new_tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
    planes = picture[:, None, ::2, ::2] if min(picture.shape[-2:]) > 256 else picture[:, None]
    noise = functional.conv2d(planes, kernel[None, None])
    deviation = noise.abs().flatten(1).median(dim=1).values / 0.6745 / 6.0
    return deviation**2


def box(picture: Tensor, radius: int) -> Tensor:
    """The mean of (C, H, W) over squares of 2 * `radius` + 1 pixels; the border is repeated."""
    padded = functional.pad(picture[None], [radius] * 4, mode="replicate")
    averaged: Tensor = functional.avg_pool2d(padded, 2 * radius + 1, stride=1)
    return averaged[0]


def _gaussian(sigma: float) -> Tensor:
    radius = max(1, math.ceil(3 * sigma))
    x = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    return kernel / kernel.sum()


def _separable(picture: Tensor, kernel: Tensor) -> Tensor:
    radius = kernel.numel() // 2
    padded = functional.pad(picture[:, None], [radius] * 4, mode="replicate")
    kernel = kernel.to(picture.device)
    across = functional.conv2d(padded, kernel[None, None, None, :])
    down: Tensor = functional.conv2d(across, kernel[None, None, :, None])
    return down[:, 0]
