"""The programme of the DVD: its film frames in order, and the fields that show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from unfade.film.shot import Shot
from unfade.simulate.random_streams import Stream, random_generator
from unfade.simulate.transfer import Transfer

_BROKEN_CADENCE_PROBABILITY = 0.05
"""Probability, at each film frame, that the cadence of two and three fields is broken."""


@dataclass(frozen=True)
class FilmFrame:
    """A film frame of the DVD.

    `frame` is the index of the same frame in the scan; none if the scan lacks it. In that case
    `added` is its index among the frames of the added shots; none in the lead-in.
    """

    frame: int | None = None
    added: int | None = None


@dataclass(frozen=True)
class Programme:
    """The content of the DVD.

    `film_frames` are in order of time. `video_frames` has, for each interlaced frame of the DVD,
    the indices into `film_frames` of its top and bottom field.
    """

    film_frames: tuple[FilmFrame, ...]
    video_frames: tuple[tuple[int, int], ...]

    def scan_frames(self) -> list[tuple[int | None, int | None]]:
        """Indices of the scan's frames in the top and bottom field of each frame of the DVD."""
        film = self.film_frames
        return [(film[top].frame, film[bottom].frame) for top, bottom in self.video_frames]


def plan_programme(
    shots: Sequence[Shot], transfer: Transfer, seed: int, *, lead_in: int, cut_off: int, added: int
) -> Programme:
    """The programme of a DVD.

    Args:
        shots: of the scan, in order and without gaps.
        transfer: faults of the DVD.
        seed: of all random numbers.
        lead_in: number of DVD frames before the film.
        cut_off: number of frames at the end of the film that the DVD lacks; one field of the
            first of them is there.
        added: number of frames that only the DVD has; they come in the middle.
    """
    draws = random_generator(seed, Stream.PROGRAMME)
    runs = [list(run) for run in _shots_on_dvd(shots, transfer, draws)]
    runs[-1] = runs[-1][: max(1, len(runs[-1]) - cut_off + 1)]
    film = [FilmFrame() for _ in range(lead_in)]
    for number, run in enumerate(runs):
        if number == (len(runs) + 1) // 2:
            film += [FilmFrame(added=index) for index in range(added)]
        film += [FilmFrame(frame=frame) for frame in run]
    fields = _fields(len(film), transfer, draws)
    video = list(zip(fields[0::2], fields[1::2], strict=False))
    return Programme(tuple(film), tuple(_with_faults(video, transfer, draws)))


def _shots_on_dvd(
    shots: Sequence[Shot], transfer: Transfer, draws: np.random.Generator
) -> list[range]:
    """The frame indices of the shots that the DVD has, in the order of the DVD."""
    first = shots[0].frames.first
    runs = [range(s.frames.first - first, s.frames.last + 1 - first) for s in shots]
    cut = draws.permutation(len(runs))[: min(transfer.cut_shots, len(runs) - 1)]
    runs = [run for number, run in enumerate(runs) if number not in cut]
    if transfer.reordered:
        runs = [runs[number] for number in draws.permutation(len(runs))]
    return runs


def _fields(count: int, transfer: Transfer, draws: np.random.Generator) -> list[int]:
    """The film frame, of `count`, that each field shows; top fields come first."""
    if transfer.cadence == "shifted":
        return [number for pair in pairwise(range(count)) for number in pair]
    fields: list[int] = []
    length = 2
    for number in range(count):
        fields += [number] * length
        if draws.random() >= _BROKEN_CADENCE_PROBABILITY:
            length = 5 - length
    return fields


def _with_faults(
    video: list[tuple[int, int]], transfer: Transfer, draws: np.random.Generator
) -> list[tuple[int, int]]:
    """Video frames with random ones dropped and random ones repeated."""
    faulty: list[tuple[int, int]] = []
    for frame in video:
        chance = draws.random()
        if chance >= transfer.missing:
            faulty += [frame] * (2 if chance >= 1 - transfer.repeated else 1)
    return faulty
