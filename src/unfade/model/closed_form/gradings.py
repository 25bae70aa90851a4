"""Gradings: what the reference of a shot changes in its chroma besides undoing the film's fade."""

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

NEUTRAL = torch.cat([torch.eye(2), torch.zeros(2, 1)], dim=1)
"""The grading that changes nothing."""


@dataclass(frozen=True)
class Gradings:
    """Gradings of shots with pairs, by number; none if the film's references show no use of them.

    A grading (2, 3) is an affine map of chroma: two columns of gains, then the offset, as Cb and Cr
    of range 1.
    """

    by_shot: Mapping[int, Tensor]

    def of(self, shot: int) -> Tensor:
        """The grading (2, 3) of a shot; one without pairs gets a mean of the nearest with pairs
        before and after, linear in the shot number, because scenes and reels are graded alike."""
        numbers = sorted(self.by_shot)
        if not numbers:
            return NEUTRAL
        after = bisect(numbers, shot)
        before, following = numbers[max(after - 1, 0)], numbers[min(after, len(numbers) - 1)]
        if before == following:
            return self.by_shot[before]
        part = (shot - before) / (following - before)
        return torch.lerp(self.by_shot[before], self.by_shot[following], part)


NO_GRADINGS = Gradings({})
"""No shot is graded, or no grading tells anything about another shot's."""


def apply_grading(grading: Tensor, cbcr: Tensor) -> Tensor:
    """Graded chroma (2, ...) of chroma (2, ...)."""
    flat = cbcr.flatten(1)
    graded = grading[:, :2] @ flat + grading[:, 2:]
    return graded.reshape(cbcr.shape)
