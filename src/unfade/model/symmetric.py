"""Symmetric 3x3 matrices, one for each pixel, as six planes."""

import torch
from torch import Tensor

INDICES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Row and column of each of the six planes."""


def products(planes: Tensor) -> Tensor:
    """Products (6, H, W) of any two of three planes (3, H, W)."""
    return torch.stack([planes[i] * planes[j] for i, j in INDICES])


def inverse_of_covariance(covariance: Tensor, added: float) -> Tensor:
    """The inverse (6, H, W) of covariances (6, H, W) up to rounding, with a variance added to all
    channels; in double precision if channels may be nearly alike."""
    a, b, c, d, e, f = (
        plane.clamp_min(0.0) + added if i == j else plane
        for plane, (i, j) in zip(covariance, INDICES, strict=True)
    )
    cofactors = torch.stack(
        [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    )
    determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2]
    # The exact determinant is at least that of the added variance alone.
    return cofactors.div_(determinant.clamp_min(added**3))


def times(matrices: Tensor, planes: Tensor) -> Tensor:
    """Matrices (6, H, W) times each pixel's vector of (3, H, W)."""
    a, b, c, d, e, f = matrices
    x, y, z = planes
    return torch.stack([a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z])
