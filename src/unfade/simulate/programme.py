"""What the DVD shows when: its film frames one after the other, and the fields they lie in."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from unfade.film.shot import Shot
from unfade.simulate.chance import Draw, generator
from unfade.simulate.transfer import Transfer

_BROKEN = 0.05
"""Chance, at each film frame, that the turn of two and three fields is broken."""


@dataclass(frozen=True)
class ProgrammeFrame:
    """A film frame on the DVD.

    `frame` is the index of the scan's frame, none where the scan has no such picture; then
    `added` is the index of the frame among those of the added shots, none in the lead-in.
    """

    frame: int | None = None
    added: int | None = None


@dataclass(frozen=True)
class Programme:
    """`shown` are film frames in order; `stored` has, for each frame of the DVD, the places in
    `shown` of what lies in its top and bottom field."""

    shown: tuple[ProgrammeFrame, ...]
    stored: tuple[tuple[int, int], ...]

    def frames(self) -> list[tuple[int | None, int | None]]:
        """For each frame of the DVD the scan's frames, as indices, in its top and bottom field."""
        return [(self.shown[top].frame, self.shown[bottom].frame) for top, bottom in self.stored]


def plan_programme(
    shots: Sequence[Shot], transfer: Transfer, seed: int, *, lead_in: int, cut_off: int, added: int
) -> Programme:
    """The programme of a DVD.

    Args:
        shots: of the scan, one following the other.
        transfer: how it was made.
        seed: of all chance.
        lead_in: frames of the DVD before the film.
        cut_off: frames at the film's end that the DVD lacks but for a field.
        added: frames of the shots that only the DVD has; they come in the middle.
    """
    draws = generator(seed, Draw.PROGRAMME)
    runs = [list(run) for run in _kept(shots, transfer, draws)]
    runs[-1] = runs[-1][: max(1, len(runs[-1]) - cut_off + 1)]
    shown = [ProgrammeFrame() for _ in range(lead_in)]
    for place, run in enumerate(runs):
        if place == (len(runs) + 1) // 2:
            shown += [ProgrammeFrame(added=index) for index in range(added)]
        shown += [ProgrammeFrame(frame=frame) for frame in run]
    fields = _fields(len(shown), transfer, draws)
    stored = list(zip(fields[0::2], fields[1::2], strict=False))
    return Programme(tuple(shown), tuple(_with_faults(stored, transfer, draws)))


def _kept(shots: Sequence[Shot], transfer: Transfer, draws: np.random.Generator) -> list[range]:
    """The indices of the frames of the shots that the DVD has, in its order."""
    first = shots[0].frames.first
    runs = [range(s.frames.first - first, s.frames.last + 1 - first) for s in shots]
    cut = draws.permutation(len(runs))[: min(transfer.cut_shots, len(runs) - 1)]
    runs = [run for number, run in enumerate(runs) if number not in cut]
    if transfer.reordered:
        runs = [runs[place] for place in draws.permutation(len(runs))]
    return runs


def _fields(count: int, transfer: Transfer, draws: np.random.Generator) -> list[int]:
    """Which of `count` film frames each field shows, top fields first."""
    if transfer.cadence == "shifted":
        return [number for pair in pairwise(range(count)) for number in pair]
    fields: list[int] = []
    length = 2
    for number in range(count):
        fields += [number] * length
        if draws.random() >= _BROKEN:
            length = 5 - length
    return fields


def _with_faults(
    stored: list[tuple[int, int]], transfer: Transfer, draws: np.random.Generator
) -> list[tuple[int, int]]:
    """Stored frames of which some are missing and some come twice."""
    faulty: list[tuple[int, int]] = []
    for frame in stored:
        chance = draws.random()
        if chance >= transfer.missing:
            faulty += [frame] * (2 if chance >= 1 - transfer.repeated else 1)
    return faulty
