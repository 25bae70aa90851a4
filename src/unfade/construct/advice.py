"""What a solution says about its points: which contradict the others, and where one would help."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.construct.laws import Law, Places
from unfade.construct.solver import STATED_DEVIATION, Evidence, Solution, solve

CONTRADICTION = 3.0
"""Deviations from what all others predict, from which a stated colour contradicts them. True
colours of simulated frames reach 2.6; a hue turned by a right angle has 2.5 in the median if that
moves chroma by 10 to 20 codes of 8 bits, 6.8 if by 30 to 50."""


@dataclass(frozen=True)
class Contradiction:
    """A point that contradicts the others: its index, how far, in standard deviations, and the
    chroma (Cb, Cr) that the others predict there."""

    index: int
    surprise: float
    expected: tuple[float, float]


def solve_consistent(
    law: Law, evidence: Evidence, groups: Sequence[int]
) -> tuple[Solution, list[Contradiction]]:
    """The solution without what contradicts the rest, and what was left out, the worst first.

    Args:
        law: the start, without a point.
        evidence: at all places.
        groups: the number of the point that each place belongs to; a scribble has several places,
            which are left out together.
    """
    kept, left_out = list(range(len(evidence))), list[Contradiction]()
    solution = solve(law, evidence)
    while len({groups[index] for index in kept}) > 1:
        surprises = solution.surprises([groups[index] for index in kept])
        worst = max(surprises, key=lambda group: surprises[group])
        if surprises[worst] < CONTRADICTION:
            break
        own = [index for index in kept if groups[index] == worst]
        kept = [index for index in kept if groups[index] != worst]
        solution = solve(law, evidence.at(kept))
        cb, cr = solution.chroma(evidence.at(own).places).mean(dim=1).tolist()
        left_out.append(Contradiction(worst, surprises[worst], (cb, cr)))
    return solution, left_out


def helpful_places(
    solution: Solution,
    places: Places,
    is_eligible: Tensor,
    count: int,
) -> list[int]:
    """The places at which a stated colour would help most, one after the other.

    Each is the one whose colour, if it were known, would lower the variance of all places most; it
    does not depend on what the colour is. Source: Krause, Singh, Guestrin, 2008, with the sum of
    variances in place of mutual information.

    Args:
        solution: of what is known.
        places: spread over the frame, float64.
        is_eligible: (N,) whether a person can state a colour there: a calm surface.
        count: number of places.
    """
    covariances: tuple[Tensor, ...] = solution.covariance(places)
    noise = STATED_DEVIATION**2
    chosen: list[int] = []
    for _ in range(min(count, int(is_eligible.sum()))):
        gains = [one.square().sum(dim=0) / (one.diagonal() + noise) for one in covariances]
        gain = torch.stack(gains).sum(dim=0).masked_fill(~is_eligible, -1.0)
        gain[chosen] = -1.0
        best = int(gain.argmax())
        chosen.append(best)
        covariances = tuple(
            one - torch.outer(one[:, best], one[best]) / (one[best, best] + noise)
            for one in covariances
        )
    return chosen
