"""The validation range: frames that represent a film, to be judged before all of it is rendered."""

from collections.abc import Sequence

from unfade.film.shot import Shot
from unfade.film.time import FrameRange

MIN_FRAMES, MAX_FRAMES = 50, 100
"""Number of frames, as the guide has it. A film that is shorter has all of its frames."""

RUN_FRAMES = 3
"""Consecutive frames, which steadiness needs: a frame and its two neighbours."""

RUNS_A_SHOT = 3
"""Runs of an ordinary shot: its head, its middle and its tail."""


def validation_frames(shots: Sequence[Shot]) -> frozenset[int]:
    """Frames that represent a film: runs at the head and tail of shots and evenly between.

    Shots are spread evenly over the film if there are too many for head and tail of each.

    Args:
        shots: of the film, in order; at least one.
    """
    most_shots = MAX_FRAMES // (RUNS_A_SHOT * RUN_FRAMES)
    some = _spread(shots, min(most_shots, len(shots)))
    wanted_runs = -(-MIN_FRAMES // (RUN_FRAMES * len(some)))
    runs = max(RUNS_A_SHOT, min(wanted_runs, MAX_FRAMES // (RUN_FRAMES * len(some))))
    return frozenset(frame for shot in some for frame in _runs(shot.frames, runs))


def _spread(shots: Sequence[Shot], count: int) -> list[Shot]:
    """`count` of the shots, spread evenly, the first and the last among them."""
    return [shots[index * (len(shots) - 1) // max(1, count - 1)] for index in range(count)]


def _runs(frames: FrameRange, count: int) -> list[int]:
    """The frames of `count` runs, spread evenly from the first frame to the last; runs of a short
    shot meet."""
    last_start = max(0, len(frames) - RUN_FRAMES)
    starts = [frames.first + index * last_start // (count - 1) for index in range(count)]
    return [
        frame for start in starts for frame in range(start, start + RUN_FRAMES) if frame in frames
    ]
