"""The logarithm of light: in it the dyes of a film add up, and grain is as strong in light as in
dark."""

import torch
from torch import Tensor

LOG_OFFSET = 0.02
"""Added to R'G'B' before the logarithm, so that black stays finite and its grain small."""

MAX_LOG_LIGHT = 0.5
"""Largest logarithm of unfaded R'G'B', so that colours beyond the film's stay finite."""


def logarithm(rgb: Tensor) -> Tensor:
    """The logarithm of R'G'B', below zero as zero; of the same type."""
    return rgb.clamp_min(0.0).add_(LOG_OFFSET).log_()


def rgb_of(log_rgb: Tensor) -> Tensor:
    """R'G'B' of its `logarithm`."""
    return log_rgb.exp() - LOG_OFFSET


def unfaded(log_rgb: Tensor, log_map: Tensor) -> Tensor:
    """R'G'B' (3, ...) of its `logarithm` after an affine map (3, 4)."""
    mapped = torch.addmm(log_map[:, 3:], log_map[:, :3], log_rgb.flatten(1))
    return mapped.clamp_(max=MAX_LOG_LIGHT).exp_().sub_(LOG_OFFSET).reshape(log_rgb.shape)
