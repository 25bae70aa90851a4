"""Where one picture gives way to another by degrees: dissolves, and fades to black, white or back.

On the way the picture is a mixture of what was before and what comes after, in shares that move
from the one to the other. What moves within a shot is no mixture of its before and its after.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_LENGTHS = (8, 16, 32, 64)
"""Frames from before to after: a fade of a third of a second up to a dissolve of two and a half."""
_LEAST_CHANGE = 15.0
"""Root of the mean squared difference of before and after, of 255."""
_MOST_REST = 0.3
"""Share of it that a mixture leaves at most where one of the two is empty: fades of a trailer left
0.06 to 0.24."""
_THAN_MOVED = 0.8
"""Share of what it would leave of a moved pattern that it leaves at most elsewhere: dissolves of a
trailer left 0.3."""
_UNLIKE = 0.5
"""Correlation of before and after from which they are one picture in another light."""
_EMPTY = 0.25
"""Contrast of one, as a share of the other's, below which it is black or white."""
_HALF = (0.3, 0.7)
"""Shares of the one in the other that count as midway."""
_APART = 16
"""Frames between those that tell of one transition, at most."""
_BLOCK = 512
"""Frames held at a time."""


@dataclass(frozen=True)
class Dissolve:
    """A fade or dissolve: the index of the frame in its middle, and those of the first and last
    frame that are told to be a mixture."""

    middle: int
    first: int
    last: int


@dataclass(frozen=True)
class _Mixtures:
    """How far the frames of a run are midway between those before and after them.

    `rest` (n,) is what no mixture explains, as a share of the change; `off` (n,) how far the share
    is from a half; `holds` (n,) says whether it is a transition.
    """

    rest: np.ndarray
    off: np.ndarray
    holds: np.ndarray


def find_dissolves(
    count: int, cuts: Sequence[int], lumas: Callable[[int, int], np.ndarray]
) -> list[Dissolve]:
    """The fades and dissolves of a film, in order.

    Args:
        count: how many frames there are.
        cuts: the frames after hard cuts.
        lumas: gives those from a frame to before another as small pictures of balanced luma,
            float32 (n, pixels), 0 to 255.
    """
    cost = np.full(count, np.inf)
    mixed = np.zeros(count, np.int64)
    reach = max(_LENGTHS) // 2
    for start in range(0, count, _BLOCK):
        low, high = max(0, start - reach), min(count, start + _BLOCK + reach)
        pictures = lumas(low, high)
        for length in _LENGTHS:
            if len(pictures) <= length:
                break
            found = _mixtures(pictures, length)
            middles = np.arange(len(found.rest)) + low + length // 2
            holds = found.holds & ~_near_cut(middles, cuts, length // 2)
            there = middles[holds]
            cost[there] = np.minimum(cost[there], (found.rest + found.off)[holds])
            mixed[there] = np.where(mixed[there] > 0, mixed[there], length // 4)
    told = np.flatnonzero(np.isfinite(cost))
    groups = np.split(told, np.flatnonzero(np.diff(told) > _APART) + 1)
    return [
        Dissolve(
            int(group[cost[group].argmin()]),
            int((group - mixed[group]).min()),
            int((group + mixed[group]).max()),
        )
        for group in groups
        if len(group)
    ]


def _mixtures(pictures: np.ndarray, length: int) -> _Mixtures:
    """What the frames are that have others half a length before and after them."""
    quarter, last = length // 4, len(pictures) - length
    before, after = pictures[:last], pictures[length:]
    change = before - after
    power = np.maximum((change**2).mean(axis=1), 1e-6)
    shares, rests = [], []
    for k in (quarter, 2 * quarter, 3 * quarter):
        left = pictures[k : k + last] - after
        share = (left * change).mean(axis=1) / power
        rests.append(((left - share[:, None] * change) ** 2).mean(axis=1) / power)
        shares.append(share)
    rest = np.sqrt(np.max(rests, axis=0))
    flat_before, flat_after = (one - one.mean(axis=1, keepdims=True) for one in (before, after))
    contrasts = np.stack([flat_before.std(axis=1), flat_after.std(axis=1)])
    together = (flat_before * flat_after).mean(axis=1) / np.maximum(contrasts.prod(axis=0), 1e-6)
    empty = contrasts.min(axis=0) < _EMPTY * contrasts.max(axis=0)
    first, middle, end = shares
    mixed = (together < _UNLIKE) & (rest < _THAN_MOVED * _rest_of_moved(together))
    holds = (power > _LEAST_CHANGE**2) & (mixed | (empty & (rest < _MOST_REST)))
    holds &= (first > middle) & (middle > end) & (middle > _HALF[0]) & (middle < _HALF[1])
    return _Mixtures(rest, np.abs(middle - 0.5), holds)


def _rest_of_moved(together: np.ndarray) -> np.ndarray:
    """What a mixture leaves of a pattern of one wave length that moves, by the correlation of its
    before and its after.

    With p the angle that it moves by, before and after differ by 2 sin(p / 2), and the mixture,
    of less contrast, leaves 1 - cos(p / 2). No other pattern is left less of.
    """
    return np.asarray(np.tan(np.arccos(together.clip(-1, 1)) / 4) / 2)


def _near_cut(middles: np.ndarray, cuts: Sequence[int], reach: int) -> np.ndarray:
    """Whether a hard cut lies between a reach before and after each frame."""
    ordered = np.sort(np.asarray(cuts, np.int64))
    inside = np.searchsorted(ordered, middles + reach, "right") - np.searchsorted(
        ordered, middles - reach, "right"
    )
    return np.asarray(inside > 0)
