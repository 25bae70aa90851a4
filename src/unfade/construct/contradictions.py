"""Finds the points that contradict the others, and solves the frame without them."""

from collections.abc import Sequence
from dataclasses import dataclass

from unfade.construct.laws import Law
from unfade.construct.solver import Evidence, Solution, solve

CONTRADICTION = 3.0
"""Deviations from what all others predict, from which a stated colour contradicts them. True
colours of simulated frames reach 2.6; a hue turned by a right angle has 2.5 in the median if that
moves chroma by 10 to 20 codes of 8 bits, 6.8 if by 30 to 50."""


@dataclass(frozen=True)
class Contradiction:
    """A point that contradicts the others: its index, how far, in standard deviations, and the
    chroma (Cb, Cr) that the others predict there."""

    index: int
    residual: float
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
        residuals = solution.leave_one_out_residuals([groups[index] for index in kept])
        worst = max(residuals, key=lambda group: residuals[group])
        if residuals[worst] < CONTRADICTION:
            break
        own = [index for index in kept if groups[index] == worst]
        kept = [index for index in kept if groups[index] != worst]
        solution = solve(law, evidence.at(kept))
        cb, cr = solution.chroma(evidence.at(own).places).mean(dim=1).tolist()
        left_out.append(Contradiction(worst, residuals[worst], (cb, cr)))
    return solution, left_out
