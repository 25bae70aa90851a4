"""Familiarity of a pixel: whether its wide surroundings resemble some of the training pictures.

The memory network learns the training pictures by heart. It is right where the film looks like them
and wrong elsewhere. A sample of the surroundings in training is kept; the familiarity of a pixel
falls with the distance to the nearest of them.
"""

import torch
from torch import Tensor, nn

from unfade.model.features import WIDE_FEATURES

CONTEXT_COUNT = 2048
"""Surroundings that are kept, drawn from all training pixels. More cost time for every distance."""

FAMILIARITY_STRIDE_PX = 8
"""Distance, in pixels of the networks' raster, between computed values of familiarity.
Interpolation between them is enough, because wide surroundings change slowly."""

CHUNK_PIXELS = 256
"""Pixels per computation of distances: their matrix of 2 MB stays in a core's cache."""


class Familiarity(nn.Module):
    """Wide surroundings (N, WIDE), of deviation 1 over training, to 0 (unknown) to 1 (familiar).

    `contexts` (CONTEXT_COUNT, WIDE) are surroundings from training. Familiarity is 1 up to the
    distance `near` and 0 from the distance `far`.
    """

    contexts: Tensor
    near: Tensor
    far: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("contexts", torch.zeros(CONTEXT_COUNT, len(WIDE_FEATURES)))
        self.register_buffer("near", torch.tensor(0.0))
        self.register_buffer("far", torch.tensor(0.0))

    def forward(self, wide: Tensor) -> Tensor:
        """Familiarity (N,) of wide surroundings (N, WIDE)."""
        return closeness(nearest_distance(wide, self.contexts), self.near, self.far)


def nearest_distance(wide: Tensor, contexts: Tensor) -> Tensor:
    """Distance (N,) from each of (N, WIDE) to the nearest of (M, WIDE), in RMS deviations."""
    # |w - c|² = |w|² - 2 (w·c - |c|² / 2): one product of matrices, and no root but that of the
    # smallest distance, in half the time of torch's `cdist`.
    half_squares = contexts.square().sum(dim=1) / 2
    closest = torch.cat(
        [
            torch.addmm(-half_squares, part, contexts.T).amax(dim=1)
            for part in torch.split(wide, CHUNK_PIXELS)
        ]
    )
    squares = wide.square().sum(dim=1) - 2 * closest
    return (squares.clamp_min(0.0) / wide.shape[1]).sqrt()


def closeness(distance: Tensor, near: Tensor, far: Tensor) -> Tensor:
    """1 up to the distance `near`, 0 from `far`, linear between."""
    return ((far - distance) / (far - near).clamp_min(1e-6)).clamp(0.0, 1.0)
