"""Window filters and a degrain, linear in pixels and exact on flat pictures.

Means are taken by OpenCV's running sums, ten times as fast as torch's pooling: these filters work
on the processor, and only the network on another device.
"""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

DEGRAIN_RADIUS = 4
"""Half the window of the degrain, in pixels: wide enough to tell grain from picture."""

GRAIN_FLOOR = 0.02
"""Added to R'G'B' before its logarithm, so that black stays finite and its grain small."""

ROUNDING = 1e-7
"""Variance that counts as none, far above what double precision loses."""

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
    channels as its guide. Source: He, Sun, Tang, "Guided Image Filtering", 2013.

    Args:
        picture: (3, H, W), nominally 0 to 1; below zero counts as zero.
        grain: covariance of the channels' grain in the logarithm, (3, 3); zero is none.
    """
    if not grain.any():
        return picture
    seen = (picture.clamp_min(0.0) + GRAIN_FLOOR).log().double()
    mean = box(seen, DEGRAIN_RADIUS)
    products = torch.stack([seen[i] * seen[j] for i, j in _PAIRS])
    products_mean = box(products, DEGRAIN_RADIUS)
    law = _keep(
        [products_mean[k] - mean[i] * mean[j] for k, (i, j) in enumerate(_PAIRS)], grain.tolist()
    )
    offset = mean - torch.einsum("ijhw,jhw->ihw", law, mean)
    law = box(law.flatten(0, 1), DEGRAIN_RADIUS).reshape(law.shape)
    clean = torch.einsum("ijhw,jhw->ihw", law, seen) + box(offset, DEGRAIN_RADIUS)
    return clean.exp().to(picture.dtype) - GRAIN_FLOOR


def _keep(covariance: list[Tensor], grain: list[list[float]]) -> Tensor:
    """How much of each window is picture: C (C + grain)^-1 = 1 - grain (C + grain)^-1.

    Args:
        covariance: C, but for rounding, six planes (H, W) in the order of `_PAIRS`.
        grain: 3 by 3.

    Returns:
        (3, 3, H, W).
    """
    a, b, c, d, e, f = (
        (plane.clamp_min(0.0) + grain[i][i] + ROUNDING) if i == j else plane + grain[i][j]
        for plane, (i, j) in zip(covariance, _PAIRS, strict=True)
    )
    cofactors = [d * f - e * e, c * e - b * f, b * e - c * d]
    share = 1.0 / (a * cofactors[0] + b * cofactors[1] + c * cofactors[2]).clamp_min(ROUNDING**3)
    more = [a * f - c * c, b * c - a * e, a * d - b * b]
    inverse = torch.stack([*cofactors, cofactors[1], more[0], more[1], cofactors[2], *more[1:]])
    inverse = (inverse * share).reshape(3, 3, *share.shape)
    keep = -torch.einsum("ij,jkhw->ikhw", inverse.new_tensor(grain), inverse)
    for i in range(3):
        keep[i, i] += 1.0
    return keep


def grain_covariance(picture: Tensor) -> Tensor:
    """The covariance (3, 3) of the grain of R'G'B' (3, H, W) in the logarithm.

    Source: Immerkaer, "Fast Noise Variance Estimation", 1996, with medians in the place of means,
    so that edges do not count as grain. Of grain wider than a pixel it sees a part alone.
    """
    seen = (picture.clamp_min(0.0) + GRAIN_FLOOR).log()
    kernel = seen.new_tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
    noise = functional.conv2d(seen[:, None], kernel[None, None])[:, 0].flatten(1) / 6.0
    covariance = torch.zeros(3, 3)
    for i in range(3):
        covariance[i, i] = _deviation(noise[i]) ** 2
        for j in range(i):
            together = _deviation(noise[i] + noise[j]) ** 2 - _deviation(noise[i] - noise[j]) ** 2
            covariance[i, j] = covariance[j, i] = together / 4
    return _semidefinite(covariance)


def _deviation(noise: Tensor) -> Tensor:
    deviation: Tensor = noise.abs().median() / 0.6745
    return deviation


def _semidefinite(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix.double())
    nearest: Tensor = vectors * values.clamp_min(0.0) @ vectors.T
    return nearest.to(matrix.dtype)
