"""The grain of a film, as the degrain is told of it."""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.model.degrain import GRAIN_FLOOR


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
