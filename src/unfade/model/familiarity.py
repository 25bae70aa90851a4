"""How familiar the surroundings of a pixel are: whether a network that remembers is to speak.

A network that is told of wide surroundings remembers what it learned from, and errs where it never
was. So what the film looked like there is kept, and a pixel is as familiar as its wide surroundings
are near to some of that.
"""

import math

import torch
from torch import Tensor, nn

from unfade.model.features import WIDE

CONTEXTS = 2048
"""Surroundings that are kept, from all over the training pictures."""

STRIDE = 16
"""Pixels of the model's raster for which familiarity is asked once: surroundings change slowly."""

PIXELS_AT_ONCE = 16384


class Familiarity(nn.Module):
    """Wide surroundings (N, WIDE), of deviation 1 over training, to 0 (strange) to 1 (familiar).

    `contexts` (CONTEXTS, WIDE) are what was learned from. Up to the distance `near` all is
    familiar, from `far` on nothing.
    """

    contexts: Tensor
    near: Tensor
    far: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("contexts", torch.zeros(CONTEXTS, len(WIDE)))
        self.register_buffer("near", torch.tensor(0.0))
        self.register_buffer("far", torch.tensor(0.0))

    def forward(self, wide: Tensor) -> Tensor:
        """(N,) of (N, WIDE)."""
        return closeness(distance(wide, self.contexts), self.near, self.far)


def distance(wide: Tensor, contexts: Tensor) -> Tensor:
    """How far each of (N, WIDE) is from the nearest of (M, WIDE), (N,), in deviations."""
    nearest = [
        torch.cdist(part, contexts).amin(dim=1) for part in torch.split(wide, PIXELS_AT_ONCE)
    ]
    return torch.cat(nearest) / math.sqrt(wide.shape[1])


def closeness(far_off: Tensor, near: Tensor, far: Tensor) -> Tensor:
    """1 up to the distance `near`, 0 from `far` on, and a straight line between."""
    return ((far - far_off) / (far - near).clamp_min(1e-6)).clamp(0.0, 1.0)
