"""Distance of a colour to the nearest sample of a film or a shot.

Distances are stored at the nodes of a box around the samples, because a search among samples for
every pixel of every frame would take longer than all else.
"""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from unfade.model.closed_form.lut import SmoothLut

FARTHEST = 3.0
"""Largest distance that is told from larger ones, in standard deviations of the film's colours: a
very different colour."""


@dataclass(frozen=True)
class DistanceField:
    """`nodes` (1, N, N, N) are distances in a box of positions, from `low` to `high` (3, 1).

    Positions and distances are in standard deviations of the film's colours. Outside the box its
    own distance is added.
    """

    low: Tensor
    high: Tensor
    nodes: Tensor

    def __call__(self, positions: Tensor) -> Tensor:
        """Distances (H, W), at most `FARTHEST`, of positions (3, H, W)."""
        flat = positions.flatten(1)
        inside = flat.clamp(self.low, self.high)
        unit = ((inside - self.low) / (self.high - self.low)).reshape(positions.shape)
        distance = self._lut(unit)[0]
        # torch's norm over a leading axis takes ten times as long.
        outside = (flat - inside).square_().sum(dim=0).sqrt_().reshape(distance.shape)
        total: Tensor = (distance + outside).clamp(max=FARTHEST)
        return total

    @cached_property
    def _lut(self) -> SmoothLut:
        return SmoothLut(self.nodes)
