"""Frames of simulated films as the constructing of references sees them, with the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from measures import Curve, difference
from simulated_shots import at_source_luma
from simulated_stocks import StockFrame, stock_film
from torch import Tensor

from unfade.construct.dye_start import estimate_dyes
from unfade.construct.laws import Law, start_law
from unfade.construct.places import FadedFrame, is_calm, surroundings
from unfade.construct.proposals import helpful_places
from unfade.construct.solver import STATED_DEVIATION, Evidence, Solution, no_evidence, solve

POINTS_AT_ONCE = 5
"""Points between two solutions: proposals follow from what is known so far."""
PIXEL_STEP = 997
"""Step between the pixels from which a film's start is estimated: some hundreds of a frame, and a
prime, so that they are in different columns."""


class Candidates:
    """The places of a frame at which points can lie, with the truth there."""

    def __init__(self, frame: StockFrame) -> None:
        self.frame = frame
        self.faded = FadedFrame.of(frame.source_rgb)
        found = self.faded.candidates
        self._at, self._is_calm = found.at, is_calm(found.spread)
        stated = [self.around(frame.cbcr, index).mean(dim=1) for index in range(len(found.at))]
        deviation = torch.full((len(found.at),), STATED_DEVIATION, dtype=torch.float64)
        self.truth = Evidence(found.places, torch.stack(stated, dim=1).double(), deviation)

    def around(self, picture: Tensor, index: int) -> Tensor:
        """The pixels (C, N) of a picture that count as a place."""
        return surroundings(picture, *self._at[index])

    def proposed(self, law: Law, counts: Sequence[int]) -> Iterator[tuple[list[int], Solution]]:
        """For each of some rising numbers of points, the places and the solution."""
        chosen, solution = list[int](), solve(law, no_evidence())
        for count in counts:
            while len(chosen) < count:
                chosen += self._more(solution, chosen, min(POINTS_AT_ONCE, count - len(chosen)))
                solution = solve(law, self.truth.at(chosen))
            yield list(chosen), solution

    def error(self, cbcr: Tensor) -> float:
        """Mean CIEDE2000 of a chroma (2, H, W) at the scan's luma."""
        recovered_rgb = at_source_luma(self.frame.source_rgb, cbcr)
        return float(difference(self.frame.truth_rgb, recovered_rgb, Curve.WORKING).mean())

    def _more(self, solution: Solution, chosen: Sequence[int], count: int) -> list[int]:
        """Places that the program proposes in addition to those chosen."""
        is_eligible = self._is_calm.clone()
        is_eligible[list(chosen)] = False
        return helpful_places(solution, self.truth.places, is_eligible, count)


@dataclass(frozen=True)
class ConstructedFilm:
    """The frames of a film of a stock with a severity of fading, and its law without points."""

    severity: str
    stock: str
    frames: tuple[Candidates, ...]
    law: Law

    @classmethod
    def of(cls, data: Path, cache: Path, severity: str, stock: str) -> "ConstructedFilm":
        """That of a stock and a severity."""
        frames = tuple(Candidates(frame) for frame in stock_film(data, cache, severity, stock))
        pixels = [one.faded.log_rgb.double().flatten(1)[:, ::PIXEL_STEP] for one in frames]
        start = estimate_dyes(torch.cat(pixels, dim=1))
        return cls(severity, stock, frames, start_law(start, has_model=False))
