"""Frames without a pair that the colour of their shot's pairs can be carried to."""

from collections.abc import Sequence

import numpy as np

from unfade.film.pair import Pair
from unfade.film.shot import Shot

SHOWN = 9
"""Frames of a shot, pairs among them, that are learned from, or as many as it has pairs."""

REACH = 36
"""Frames from a pair to the farthest that its colour is carried to."""

NEAR = 2
"""Frames around cuts, pairs and hold-outs that are left out: they show the like, or two shots."""

MOST = 400
"""Frames of the film that colour is carried to; each takes training about two seconds."""


def frames_between(pairs: Sequence[Pair], shots: Sequence[Shot]) -> dict[int, int]:
    """The frames to carry colour to, in order, each with the number of its shot."""
    chosen: list[tuple[int, int]] = []
    for shot in shots:
        own = [pair for pair in pairs if pair.shot == shot.number]
        learned = [pair.source for pair in own if pair.role == "train"]
        inside = list(shot.frames.frames())[NEAR:-NEAR]
        free = [frame for frame in inside if _is_free(frame, learned, own)]
        wanted = min(max(SHOWN - len(learned), 0), len(free))
        places = np.linspace(0, len(free) - 1, wanted).round().astype(np.int64)
        chosen += [(free[place], shot.number) for place in places]
    every = max(1, -(-len(chosen) // MOST))
    return dict(chosen[::every])


def _is_free(frame: int, learned: Sequence[int], pairs: Sequence[Pair]) -> bool:
    apart = all(abs(frame - pair.source) >= NEAR for pair in pairs)
    return apart and any(abs(frame - other) <= REACH for other in learned)
