"""The rendered frames that the report shows, and what it shows them for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

from unfade.film.figures import Place, PlaceFigures
from unfade.film.pair import PairRole
from unfade.film.rendering import RenderedFrame
from unfade.film.target import Target
from unfade.validate.frames import FrameFigures, choose_comparison_frames

COMPARISON_COUNT = 4
"""Number of frames shown before and after recovery: more make the page long and heavy."""

WORST_COUNT = 6
"""Number of frames of the highest predicted error that are shown: two rows of the page."""

WORST_OF_SHOT = 2
"""Greatest number of these of one shot, because neighbours show the same picture."""


MAX_SHOWN_SHOTS = 30
"""Greatest number of shots that are shown in pictures, those of the highest predicted error:
with more, the page of a film of 1,200 shots is larger than 15 MB."""


ROLE_ORDER: tuple[PairRole, ...] = ("test", "holdout", "train")
"""Roles of pairs, those that judge first."""


@dataclass(frozen=True)
class ShownFrames:
    """Numbers of the frames to show.

    `compared` are shown before and after recovery, `worst` have the highest predicted error, the
    worst first. `four_way` has the frame that shows each of `MAX_SHOWN_SHOTS` shots, `ends` are the
    first and last rendered frames of these and of the shots after them, `targets` the pairs of the
    frames that show shots, of shots that have a pair.
    """

    compared: tuple[int, ...]
    worst: tuple[int, ...]
    ends: frozenset[int]
    four_way: dict[int, int] = field(default_factory=dict)
    targets: dict[int, Target] = field(default_factory=dict)


def choose_shown(frames: Sequence[RenderedFrame], targets: Sequence[Target]) -> ShownFrames:
    """The frames to show.

    Args:
        frames: of the rendering, in order; at least one.
        targets: of the film. A shot is shown by the frame of a test pair, else of a hold-out pair,
            else of a training pair, else by its middle frame.
    """
    by_shot: dict[int, list[int]] = {}
    for frame in frames:
        by_shot.setdefault(frame.shot, []).append(frame.frame)
    numbers = {frame.frame for frame in frames}
    paired: dict[int, Target] = {}
    for target in sorted(targets, key=lambda one: ROLE_ORDER.index(one.pair.role)):
        if target.pair.source in numbers:
            paired.setdefault(target.pair.shot, target)
    shown = _worst_shots(frames)
    four_way = {
        shot: paired[shot].pair.source if shot in paired else own[len(own) // 2]
        for shot, own in by_shot.items()
        if shot in shown
    }
    with_ends = shown | {after for shot, after in pairwise(by_shot) if shot in shown}
    compared = choose_comparison_frames(
        [(frame.frame, frame.shot) for frame in frames], COMPARISON_COUNT
    )
    return ShownFrames(
        compared=tuple(compared),
        worst=_worst(frames),
        ends=frozenset(
            frame for shot in with_ends for frame in (by_shot[shot][0], by_shot[shot][-1])
        ),
        four_way=four_way,
        targets={one.pair.source: one for shot, one in paired.items() if shot in shown},
    )


def _worst_shots(frames: Sequence[RenderedFrame]) -> set[int]:
    """The shots of the highest mean predicted error, at most `MAX_SHOWN_SHOTS`."""
    errors: dict[int, list[float]] = {}
    for frame in frames:
        errors.setdefault(frame.shot, []).append(frame.predicted_error.mean)
    return {*sorted(errors, key=lambda shot: -fmean(errors[shot]))[:MAX_SHOWN_SHOTS]}


def _worst(frames: Sequence[RenderedFrame]) -> tuple[int, ...]:
    """The frames of the highest predicted error, with a limit for each shot."""
    chosen: list[int] = []
    of_shot: dict[int, int] = {}
    for frame in sorted(frames, key=lambda one: -one.predicted_error.mean):
        if of_shot.get(frame.shot, 0) < WORST_OF_SHOT:
            of_shot[frame.shot] = of_shot.get(frame.shot, 0) + 1
            chosen.append(frame.frame)
    return tuple(chosen[:WORST_COUNT])


def place_figures(frames: Sequence[FrameFigures]) -> dict[int, list[PlaceFigures]]:
    """Figures of the first and the last frame of each shot and of its join with the next shot, by
    the number of the shot.

    Args:
        frames: figures of the rendered frames, in order.
    """
    by_shot: dict[int, list[FrameFigures]] = {}
    for one in frames:
        by_shot.setdefault(one.shot, []).append(one)
    places = {}
    for shot, own in by_shot.items():
        second, before_last = (own[1], own[-2]) if len(own) > 1 else (None, None)
        places[shot] = [_place("first", own[0], second), _place("last", own[-1], before_last)]
    for (shot, own), (_, following) in pairwise(by_shot.items()):
        if following[0].frame == own[-1].frame + 1:
            places[shot].append(_place("join", own[-1], following[0]))
    return places


def _place(place: Place, one: FrameFigures, other: FrameFigures | None) -> PlaceFigures:
    if other is None or abs(other.frame - one.frame) != 1:
        return PlaceFigures(place, one.frame, None, one.predicted_error.mean, None, None)
    return PlaceFigures(
        place=place,
        frame=one.frame,
        neighbour=other.frame,
        predicted=one.predicted_error.mean,
        step=math.dist(one.chroma_recovered, other.chroma_recovered),
        step_source=math.dist(one.chroma_source, other.chroma_source),
    )
