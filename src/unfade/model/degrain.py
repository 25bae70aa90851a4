"""Window filters and a degrain, linear in pixels and exact on flat pictures.

Means are taken by OpenCV's running sums, ten times as fast as torch's pooling: these filters work
on the processor, and only the network on another device.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

DEGRAIN_RADIUS = 4
"""Half the window of the degrain, in pixels: wide enough to tell grain from picture."""

GRAIN_FLOOR = 0.02
"""Added to R'G'B' before its logarithm, so that black stays finite and its grain small."""

ROUNDING = 1e-7
"""Variance of grain that counts as none, far above what double precision loses."""

_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def box(picture: Tensor, radius: int) -> Tensor:
    """The mean of (C, H, W) over squares of 2 * `radius` + 1 pixels; the border is repeated."""
    size = (2 * radius + 1, 2 * radius + 1)
    planes = [
        cv2.boxFilter(plane, -1, size, borderType=cv2.BORDER_REPLICATE)
        for plane in picture.contiguous().numpy()
    ]
    return torch.from_numpy(np.stack(planes))


def degrain(picture: Tensor, grain: Tensor) -> Tensor:
    """R'G'B' (3, H, W) without its grain.

    In windows of the logarithm, which makes grain alike in light and dark, the picture is taken
    for a linear function of itself, less what `grain` explains: a guided filter with all three
    channels as its guide, seen in mixes of them whose grain is apart and of deviation 1. Source:
    He, Sun, Tang, "Guided Image Filtering", 2013.

    Args:
        picture: (3, H, W), nominally 0 to 1; below zero counts as zero.
        grain: covariance of the channels' grain in the logarithm, (3, 3); zero is none.
    """
    if not grain.any():
        return picture
    variances, turn = torch.linalg.eigh(grain.double())
    deviations = variances.clamp_min(ROUNDING).sqrt()
    seen = (picture.clamp_min(0.0) + GRAIN_FLOOR).log().double()
    seen = _mixed((turn / deviations).T, seen)
    mean = box(seen, DEGRAIN_RADIUS)
    products = box(torch.stack([seen[i] * seen[j] for i, j in _PAIRS]), DEGRAIN_RADIUS)
    covariance = products - torch.stack([mean[i] * mean[j] for i, j in _PAIRS])
    lost = _inverse_with_grain(covariance)
    both = box(torch.cat([lost, _times(lost, mean)]).float(), DEGRAIN_RADIUS)
    seen = seen.float()
    clean = _mixed((turn * deviations).float(), seen - _times(both[:6], seen) + both[6:])
    return clean.exp_().sub_(GRAIN_FLOOR).to(picture.dtype)


def _mixed(matrix: Tensor, planes: Tensor) -> Tensor:
    """A matrix (3, 3) times each pixel's (3,) of (3, H, W)."""
    return (matrix @ planes.flatten(1)).reshape(planes.shape)


def _inverse_with_grain(covariance: Tensor) -> Tensor:
    """(C + 1)^-1 of covariances in units of the grain: what share of a window's change is grain.

    Args:
        covariance: C, but for rounding, six planes (6, H, W) in the order of `_PAIRS`.

    Returns:
        (6, H, W), in the same order.
    """
    a, b, c, d, e, f = (
        plane.clamp_min(0.0) + 1.0 if i == j else plane
        for plane, (i, j) in zip(covariance, _PAIRS, strict=True)
    )
    cofactors = torch.stack(
        [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    )
    # Rounding alone takes the determinant, which is at least 1, below it.
    return cofactors.div_((a * cofactors[0] + b * cofactors[1] + c * cofactors[2]).clamp_min(1.0))


def _times(matrices: Tensor, planes: Tensor) -> Tensor:
    """Symmetric matrices, six planes (6, H, W), times the (3, H, W) of their pixels."""
    a, b, c, d, e, f = matrices
    x, y, z = planes
    return torch.stack([a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z])
