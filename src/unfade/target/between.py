"""Frames without a pair that the colour of their shot's pairs can be carried to."""

from collections.abc import Sequence

from unfade.film.pair import Pair
from unfade.film.shot import Shot

SHOWN = 9
"""Frames of a shot, pairs among them, that are learned from, or as many as it has pairs."""

REACH = 36
"""Frames from the nearest pair within which they lie."""

NEAR = 2
"""Frames at least from a cut, where two shots may mix, and from a pair or a hold-out, which would
be much like it."""

MOST = 400
"""Frames of the film; each takes training about two seconds."""


def frames_between(pairs: Sequence[Pair], shots: Sequence[Shot]) -> dict[int, int]:
    """The frames to carry colour to, in order, each with the number of its shot.

    They are fewer a shot where the film would have too many.
    """
    for shown in range(SHOWN, 1, -1):
        chosen = [one for shot in shots for one in _of_shot(shot, pairs, shown)]
        if len(chosen) <= MOST:
            break
    return dict(chosen[k] for k in _spread(min(len(chosen), MOST), len(chosen)))


def _of_shot(shot: Shot, pairs: Sequence[Pair], shown: int) -> list[tuple[int, int]]:
    """Frames of a shot, each with the shot's number."""
    own = [pair for pair in pairs if pair.shot == shot.number]
    learned = [pair.source for pair in own if pair.role == "train"]
    inside = list(shot.frames.frames())[NEAR:-NEAR]
    free = [frame for frame in inside if _is_free(frame, learned, own)]
    wanted = min(max(shown - len(learned), 0), len(free))
    return [(free[k], shot.number) for k in _spread(wanted, len(free))]


def _spread(wanted: int, count: int) -> list[int]:
    """`wanted` places among `count`, in the middle of as many equal parts."""
    return [(2 * k + 1) * count // (2 * wanted) for k in range(wanted)]


def _is_free(frame: int, learned: Sequence[int], pairs: Sequence[Pair]) -> bool:
    apart = all(abs(frame - pair.source) >= NEAR for pair in pairs)
    return apart and any(abs(frame - other) <= REACH for other in learned)
