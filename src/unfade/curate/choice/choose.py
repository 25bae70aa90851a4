"""Which matched frames of a shot become pairs."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter

from unfade.film.match import FrameState
from unfade.film.shot import Shot

_NEAR_CUT = 2
"""Frames beside a cut that are never taken, splices and half-exposed frames lie there; a shot that
would have none left gives its middle."""
_GRID = (8, 6)
"""Cells, across and down, whose mean colours describe a frame's light and colours."""
_COARSE = (16, 12)
"""Cells in which dissolves are looked for: motion changes them little, a dissolve much."""
_DISSOLVE_REACH = (3, 6)
"""Frames before and after a frame that a dissolve or fade is looked for over."""
_DISSOLVE_CHANGE = 0.05
"""Mean change of the cells over that reach, of the reel's range, that a dissolve has at least."""
_DISSOLVE_BEND = 0.25
"""How far a frame of a dissolve lies off the mix of its ends, as a share of their difference."""
_TAIL = 3
"""Frames around those found amid a dissolve or fade that may belong to it."""
_FLASH = 0.04
"""Departure of a frame's mean from that of its neighbours, of the reel's range."""
_BLACK = 0.04
"""Standard deviation of a frame, of the reel's range, below which there is nothing to learn."""
_FADE = 0.08
"""Steady change of a frame's mean over the shorter reach, of the reel's range, in a fade."""
_ONE_STEP = 0.5
"""Share of a fade's change over the shorter reach that lies between two frames, at most."""
_APART = 2
"""Frames between a hold-out and the nearest training frame."""
SPARE = 2
"""Frames of a shot that stand by, for training and for holding out."""
_LEAST_TRAIN = 2
"""Frames of a shot that training gets before any is held out."""
_UNCOVERED = 0.12
"""Distance in light and colour, black and white being 1 apart, from the frames of a shot that are
learned from to the farthest that is not, above which the shot gets more."""
_TIME_WEIGHT = 0.15
"""Distance of a shot's two ends, where black and white are 1 apart."""
_BLUR_BURDEN = 0.5
"""Share of its distance that the least sharp frame of a shot loses."""


@dataclass(frozen=True)
class FrameFacts:
    """What the source's proxy says of each of its frames.

    `cells` are mean colours, float32 (N, cells * 3), the reel's range being 1. `sharpness` is
    positive, higher is sharper. `sound` is false in fades, dissolves, flashes and black.
    """

    cells: np.ndarray
    sharpness: np.ndarray
    sound: np.ndarray

    def without(self, passing: np.ndarray) -> "FrameFacts":
        """The same, other frames being known to be amid a fade or dissolve: bool (N,)."""
        return replace(self, sound=self.sound & ~passing)


@dataclass(frozen=True)
class PairQuota:
    """How many frames of a shot are wanted, and what a person fixed of them already.

    `most` is how many it may learn from where light or colours change too much for `train`.
    """

    train: int
    holdout: int
    most: int = 0
    fixed_train: tuple[int, ...] = ()
    fixed_holdout: tuple[int, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Indices of frames chosen in one shot, in order of preference, without those that a person
    fixed; and those that stand by for frames that turn out not to fit."""

    train: tuple[int, ...] = ()
    holdout: tuple[int, ...] = ()
    spare_train: tuple[int, ...] = ()
    spare_holdout: tuple[int, ...] = ()


def look_at(proxy: np.ndarray) -> FrameFacts:
    """The look of each frame of a proxy, uint8 (N, h, w, 3)."""
    low, high = np.percentile(np.asarray(proxy[:: max(1, len(proxy) // 500)]), (1, 99), (0, 1, 2))
    reach = np.maximum(high - low, 1.0).astype(np.float32)
    cells = np.empty((len(proxy), _GRID[0] * _GRID[1] * 3), np.float32)
    coarse = np.empty((len(proxy), _COARSE[0] * _COARSE[1]), np.float32)
    contrast, sharpness = np.empty(len(proxy)), np.empty(len(proxy))
    for index, frame in enumerate(proxy):
        stretched = (frame.astype(np.float32) - low.astype(np.float32)) / reach
        luma = stretched.mean(axis=2)
        cells[index] = cv2.resize(stretched, _GRID, interpolation=cv2.INTER_AREA).ravel()
        coarse[index] = cv2.resize(luma, _COARSE, interpolation=cv2.INTER_AREA).ravel()
        contrast[index] = luma.std()
        detail = np.abs(cv2.Laplacian(luma, cv2.CV_32F)).mean()
        sharpness[index] = detail / max(contrast[index], 1e-3)
    mean = coarse.mean(axis=1)
    passing = maximum_filter1d(_mixed(coarse) | _fading(mean), 2 * _TAIL + 1)
    sound = ~(passing | _flash(mean) | (contrast < _BLACK))
    return FrameFacts(cells, sharpness, sound)


def frame_states(
    look: FrameFacts, matched: np.ndarray, certain: np.ndarray, shots: tuple[Shot, ...], first: int
) -> list[FrameState]:
    """Whether each frame can be a pair, apart from what a person says of it.

    Args:
        look: of the film.
        matched: bool (N,): frames that have a match.
        certain: bool (N,): frames whose match is of the very instant.
        shots: that share out the film's frames.
        first: the number of the film's first frame.
    """
    states: list[FrameState] = ["cut"] * len(matched)
    for shot in shots:
        start, count = shot.frames.first - first, len(shot.frames)
        margin = min(_NEAR_CUT, (count - 1) // 2)
        states[start + margin : start + count - margin] = ["free"] * (count - 2 * margin)
    for index in range(len(states)):
        if not matched[index]:
            states[index] = "unmatched"
        elif not certain[index]:
            states[index] = "uncertain"
        elif not look.sound[index]:
            states[index] = "passing"
    return states


def choose(look: FrameFacts, states: list[FrameState], frames: range, order: PairQuota) -> Choice:
    """Frames of a shot to train on and to hold out, unlike each other and spread over time.

    Args:
        look: of the film.
        states: of the film's frames; those that are "free" may be chosen.
        frames: indices of the shot's frames.
        order: what is wanted; what a person fixed counts towards it.

    Returns:
        Fewer than asked for where the shot has no more. What is held out then goes before what
        is learned from, but for the first two frames.
    """
    known = sorted({*order.fixed_train, *order.fixed_holdout})
    free = [f for f in frames if states[f] == "free" and f not in known]
    spread = _Spread(look, frames)
    to_hold = max(0, order.holdout - len(order.fixed_holdout))
    to_learn = max(0, order.train - len(order.fixed_train))
    most = max(to_learn, order.most - len(order.fixed_train))
    spare = max(len(free) - to_hold, _LEAST_TRAIN)
    learned = spread.farthest(free, min(to_learn, spare), known, min(most, spare))
    known = sorted({*known, *learned})
    rest = [frame for frame in free if frame not in learned]
    held = spread.farthest(_between(rest, known), to_hold, known)
    rest = [frame for frame in _apart(rest, held) if frame not in held]
    more = spread.farthest(rest, SPARE if to_learn else 0, [*known, *held])
    rest = _apart(rest, [*known, *more])
    more_held = spread.farthest(rest, SPARE if to_hold else 0, [*known, *held, *more])
    return Choice(tuple(learned), tuple(held), tuple(more), tuple(more_held))


class _Spread:
    """The frames of a shot as places in colour, light and time whose distances compare."""

    def __init__(self, look: FrameFacts, frames: range) -> None:
        """`frames` are indices of the shot's frames."""
        part = slice(frames.start, frames.stop)
        cells = look.cells[part] / np.sqrt(look.cells.shape[1])
        time = np.linspace(0.0, _TIME_WEIGHT, len(frames), dtype=np.float32)
        rank = np.argsort(np.argsort(look.sharpness[part])) / max(1, len(frames) - 1)
        self._places = np.concatenate([cells, time[:, None]], axis=1)
        self._worth = 1.0 - _BLUR_BURDEN * (1.0 - rank)
        self._start = frames.start

    def farthest(
        self, free: list[int], count: int, known: list[int], most: int | None = None
    ) -> list[int]:
        """Up to `count` of `free`, each in turn the farthest from all known and taken ones.

        Up to `most` are taken as long as a frame is left whose light or colours none comes near.
        """
        taken: list[int] = []
        rows = np.array(free, np.int64) - self._start
        while len(taken) < min(most or count, len(free)):
            seen = np.array([*known, *taken], np.int64) - self._start
            if len(taken) >= count and self._uncovered(rows, seen) <= _UNCOVERED:
                break
            merit = self._distance(rows, seen) * self._worth[rows]
            merit[[frame in taken for frame in free]] = -1.0
            taken.append(free[int(np.argmax(merit))])
        return taken

    def _uncovered(self, rows: np.ndarray, seen: np.ndarray) -> float:
        """How far the farthest row is from all of `seen`, time apart."""
        if len(seen) == 0:
            return np.inf
        apart = self._places[rows, None, :-1] - self._places[None, seen, :-1]
        return float(np.linalg.norm(apart, axis=2).min(axis=1).max())

    def _distance(self, rows: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """From each row to the nearest of `seen`; with none seen, nearness to the middle."""
        if len(seen) == 0:
            centre = np.median(self._places[rows], axis=0)
            off = np.linalg.norm(self._places[rows] - centre, axis=1)
            return np.asarray(1.0 - off / max(float(off.max()), 1e-6))
        apart = self._places[rows][:, None] - self._places[seen][None]
        return np.asarray(np.linalg.norm(apart, axis=2).min(axis=1))


def _apart(frames: list[int], known: list[int]) -> list[int]:
    """Those of `frames` that lie beside no known one."""
    return [f for f in frames if all(abs(f - other) >= _APART for other in known)]


def _between(frames: list[int], known: list[int]) -> list[int]:
    """Those of `frames` that lie between known ones and beside none, as far as there are any."""
    apart = _apart(frames, known)
    inside = [f for f in apart if known and known[0] < f < known[-1]]
    return inside or apart or frames


def _mixed(coarse: np.ndarray) -> np.ndarray:
    """Frames that are a mix of what comes before and after: dissolves and fades. Bool (N,)."""
    mixed = np.zeros(len(coarse), bool)
    for reach in _DISSOLVE_REACH:
        if len(coarse) <= 2 * reach:
            continue
        before, now, after = coarse[: -2 * reach], coarse[reach:-reach], coarse[2 * reach :]
        change = np.abs(after - before).mean(axis=1)
        bend = np.abs(now - (before + after) / 2).mean(axis=1)
        mixed[reach:-reach] |= (change > _DISSOLVE_CHANGE) & (bend < _DISSOLVE_BEND * change)
    return mixed


def _fading(mean: np.ndarray) -> np.ndarray:
    """Frames amid a steady rise or fall of the light. Bool (N,)."""
    fading = np.zeros(len(mean), bool)
    reach = _DISSOLVE_REACH[0]
    for middle in range(reach, len(mean) - reach):
        steps = np.diff(mean[middle - reach : middle + reach + 1])
        steady = (steps > 0).all() or (steps < 0).all()
        total, greatest = abs(steps.sum()), abs(steps).max()
        fading[middle] = steady and total > _FADE and greatest < min(_FADE, _ONE_STEP * total)
    return fading


def _flash(mean: np.ndarray) -> np.ndarray:
    """Frames that are lighter or darker than their neighbours. Bool (N,)."""
    return np.asarray(np.abs(mean - median_filter(mean, 5, mode="nearest")) > _FLASH)
