"""Measurement of the grain of a film, for the degrain."""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.log_light import logarithm

MEDIAN_PER_DEVIATION = 0.6745
"""Median absolute value of Gaussian noise of standard deviation 1."""


def grain_covariance(picture: Tensor) -> Tensor:
    """Covariance (3, 3) of the grain of R'G'B' (3, H, W) in the logarithm.

    Source: Immerkaer, "Fast Noise Variance Estimation", 1996, with medians instead of means, so
    that edges do not count as grain. Grain wider than a pixel is measured too weak.
    """
    log_rgb = logarithm(picture)
    kernel = log_rgb.new_tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
    noise = functional.conv2d(log_rgb[:, None], kernel[None, None])[:, 0].flatten(1) / 6.0
    covariance = torch.zeros(3, 3)
    for i in range(3):
        covariance[i, i] = _deviation(noise[i]) ** 2
        for j in range(i):
            product = _deviation(noise[i] + noise[j]) ** 2 - _deviation(noise[i] - noise[j]) ** 2
            covariance[i, j] = covariance[j, i] = product / 4
    return _semidefinite(covariance)


def _deviation(noise: Tensor) -> Tensor:
    deviation: Tensor = noise.abs().median() / MEDIAN_PER_DEVIATION
    return deviation


def _semidefinite(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix.double())
    nearest: Tensor = vectors * values.clamp_min(0.0) @ vectors.T
    return nearest.to(matrix.dtype)
