"""The degrain: a guided filter that uses the covariance of the grain. Flat pictures stay exact.

Means are computed by OpenCV's running sums, ten times as fast as torch's pooling. These filters
therefore run on the CPU; only the networks run on an accelerator.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

DEGRAIN_RADIUS_PX = 4
"""Radius of the filter window, in pixels. Wide enough to estimate a covariance; wider windows gave
no better laws of colour (decisions/04)."""

LOG_OFFSET = 0.02
"""Added to R'G'B' before the logarithm, so that black stays finite and its grain small."""

MIN_GRAIN_VARIANCE = 1e-7
"""Smallest variance of grain, in the logarithm. Keeps the division finite and lies far above the
rounding of double precision."""

_SYMMETRIC_INDICES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Row and column of the six planes in which a symmetric 3x3 matrix per pixel is stored."""


def box_mean(picture: Tensor, radius: int) -> Tensor:
    """Mean of (C, H, W) over squares of 2 * `radius` + 1 pixels; the border is repeated."""
    size = (2 * radius + 1, 2 * radius + 1)
    planes = [
        cv2.boxFilter(plane, -1, size, borderType=cv2.BORDER_REPLICATE)
        for plane in picture.contiguous().numpy()
    ]
    return torch.from_numpy(np.stack(planes))


def degrain(picture: Tensor, grain: Tensor) -> Tensor:
    """R'G'B' (3, H, W) without its grain.

    The filter works in the logarithm, where grain has the same strength in light and dark. In each
    window the clean picture is a linear function of the noisy one, less the share of the covariance
    that `grain` explains: a guided filter with all three channels as its guide. The channels are
    first mixed so that their grain is uncorrelated with deviation 1. Source: He, Sun, Tang, "Guided
    Image Filtering", 2013.

    Args:
        picture: (3, H, W), nominally 0 to 1; below zero counts as zero.
        grain: covariance of the channels' grain in the logarithm, (3, 3); zero means no grain.
    """
    if not grain.any():
        return picture
    variances, rotation = torch.linalg.eigh(grain.double())
    deviations = variances.clamp_min(MIN_GRAIN_VARIANCE).sqrt()
    logarithm = (picture.clamp_min(0.0) + LOG_OFFSET).log().double()
    mixed = _mixed((rotation / deviations).T, logarithm)
    mean = box_mean(mixed, DEGRAIN_RADIUS_PX)
    products = torch.stack([mixed[i] * mixed[j] for i, j in _SYMMETRIC_INDICES])
    mean_products = torch.stack([mean[i] * mean[j] for i, j in _SYMMETRIC_INDICES])
    grain_share = _grain_share(box_mean(products, DEGRAIN_RADIUS_PX) - mean_products)
    coefficients = torch.cat([grain_share, _times(grain_share, mean)]).float()
    coefficients = box_mean(coefficients, DEGRAIN_RADIUS_PX)
    mixed = mixed.float()
    clean = mixed - _times(coefficients[:6], mixed) + coefficients[6:]
    clean = _mixed((rotation * deviations).float(), clean)
    return clean.exp_().sub_(LOG_OFFSET).to(picture.dtype)


def _mixed(matrix: Tensor, planes: Tensor) -> Tensor:
    """A matrix (3, 3) times each pixel's (3,) of (3, H, W)."""
    return (matrix @ planes.flatten(1)).reshape(planes.shape)


def _grain_share(covariance: Tensor) -> Tensor:
    """(C + 1)^-1: the share of a window's variation that is grain.

    Args:
        covariance: C in units of the grain, up to rounding, (6, H, W) in the order of
            `_SYMMETRIC_INDICES`.

    Returns:
        (6, H, W), in the same order.
    """
    a, b, c, d, e, f = (
        plane.clamp_min(0.0) + 1.0 if i == j else plane
        for plane, (i, j) in zip(covariance, _SYMMETRIC_INDICES, strict=True)
    )
    cofactors = torch.stack(
        [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    )
    # The exact determinant is at least 1; rounding can take it below.
    return cofactors.div_((a * cofactors[0] + b * cofactors[1] + c * cofactors[2]).clamp_min(1.0))


def _times(matrices: Tensor, planes: Tensor) -> Tensor:
    """Symmetric matrices, six planes (6, H, W), times each pixel's (3,) of (3, H, W)."""
    a, b, c, d, e, f = matrices
    x, y, z = planes
    return torch.stack([a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z])
