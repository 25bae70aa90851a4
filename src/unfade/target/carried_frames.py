"""Choice of the frames without a pair to which colour is carried from the pairs of their shot."""

from collections.abc import Container, Sequence

from unfade.film.pair import MIN_DISTANCE_FRAMES, Pair
from unfade.film.shot import CUT_MARGIN_FRAMES, Shot

FRAMES_PER_SHOT = 9
"""Training frames of a shot, pairs included; a shot with more pairs gets no carried frames."""

MAX_DISTANCE_FRAMES = 36
"""Largest distance to the nearest training pair: motion is less reliable over more frames."""

MAX_FRAMES = 400
"""Largest number of carried frames in a film; each costs about two seconds of training time."""


def choose_carried_frames(
    pairs: Sequence[Pair], shots: Sequence[Shot], damaged: Container[int] = ()
) -> dict[int, int]:
    """The frames to carry colour to, in order, each with the number of its shot.

    If a film would have more than `MAX_FRAMES`, every shot gets fewer. Damaged frames get none.
    """
    for per_shot in range(FRAMES_PER_SHOT, 1, -1):
        chosen = [one for shot in shots for one in _in_shot(shot, pairs, per_shot, damaged)]
        if len(chosen) <= MAX_FRAMES:
            break
    return dict(chosen[k] for k in _spread(min(len(chosen), MAX_FRAMES), len(chosen)))


def _in_shot(
    shot: Shot, pairs: Sequence[Pair], per_shot: int, damaged: Container[int]
) -> list[tuple[int, int]]:
    """The frames of a shot to carry colour to, each with the shot's number."""
    own = [pair for pair in pairs if pair.shot == shot.number]
    training = [pair.source for pair in own if pair.role == "train"]
    inside = list(shot.frames.frames())[CUT_MARGIN_FRAMES:-CUT_MARGIN_FRAMES]
    whole = [frame for frame in inside if frame not in damaged]
    eligible = [frame for frame in whole if _is_eligible(frame, training, own)]
    wanted = min(max(per_shot - len(training), 0), len(eligible))
    return [(eligible[k], shot.number) for k in _spread(wanted, len(eligible))]


def _spread(wanted: int, count: int) -> list[int]:
    """`wanted` indices spread evenly over `count`: the centres of equal parts."""
    return [(2 * k + 1) * count // (2 * wanted) for k in range(wanted)]


def _is_eligible(frame: int, training: Sequence[int], pairs: Sequence[Pair]) -> bool:
    is_apart = all(abs(frame - pair.source) >= MIN_DISTANCE_FRAMES for pair in pairs)
    return is_apart and any(abs(frame - source) <= MAX_DISTANCE_FRAMES for source in training)
