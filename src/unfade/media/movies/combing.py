"""How well the fields of stored pictures fit together, frame by frame.

A picture woven of two instants combs wherever something moved. For the top field of each frame
three bottom fields are tried: its own, that of the frame before and that of the frame after. The
measure is the energy of the comb: the mean square by which a bottom line differs from the mean of
the two top lines around it. Grain and detail add about the same energy to all three, and at least
as much to the same measure within one field, where lines lie twice as far apart; lines of the
picture that are less than three apart add less there, and `_opposed` leaves them out. So the four
are compared with one another, never with a fixed number of codes.

Source: trying three bottom fields is the principle of Donald Graft's Telecide and of FFmpeg's
fieldmatch.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log
from typing import NamedTuple

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from unfade.media.movies.planes import luma_codes

_COLUMNS = 360
"""Columns measured, spread over the picture; combs run down it, so none is lost between them."""
_BLOCK = 8
"""Block size, in columns and in field lines: 64 samples estimate grain energy to within 20 %."""
_LEAST_LINES = 2 * (_BLOCK + 2)
"""Lines of a picture that is measured; a lower one has no whole block in a field."""
_STANDS_OUT = 2.0
"""Ratio of a block's worst weave to its energy within a field, above which the block is judged:
five standard deviations above grain alone."""
_ROUNDING = 3.0
"""Energy of a smooth block in square codes of 8 bits, from rounding and compression."""
_MOVES = 0.5
"""Least energy of a field's change from frame to frame, as a share of the comb's: ruled paper that
lies still is no comb."""
_OPPOSED = 0.7
"""Least product of a block's changes in its two fields, as a share of the top field's own change
and with the opposite sign, at which the block shows fine lines: lines less than three apart give 1
to 2, film that moves quickly and out of phase 0.5, video and coarser detail less than 0."""
_OPPOSED_LEAST = 0.15
"""Least such product as a share of the comb's energy."""
_GRAIN_BETWEEN = 2 / 3
"""Grain's share in the change of the mean of two lines, by its energy within a field."""
_BROAD = 16
"""Measured columns in a broad one, about a twentieth of the picture."""
_BROAD_FLOOR = 0.1
"""Square codes added to the differences of broad columns, from grain and rounding."""
_LEAST_BLOCKS, _LEAST_SHARE = 4, 0.005
"""Number of judged blocks in a moving frame, and their share of all; grain passes in a few."""


_COMBS = 1.3
"""Ratio of a weave's energy to that within a field, above which it combs; grain alone gives 1."""
_NO_BETTER = 0.5
"""Smallest ratio of the best weave's comb energy to the second best's for which the two count as
equal; steady video gives 1, film and progressive 0."""
_ALIKE = 0.15
"""Difference of the two best weaves as a share of the way to the worst; film out of phase has 1/4
where it moves slowly, video 0 at a steady speed."""
_BETTER, _MUCH_BETTER = 2.0, 3.0
"""Ratios of the stored weave's energy to the best one's, for another field to fit better."""
_STORED_FITS = 1.3
"""Ratio of the second best weave's energy to the stored one's, for the stored one to fit."""

Energies = NDArray[np.float32]
"""Mean square of each block, (blocks down, blocks across)."""

Measure = Callable[[NDArray[np.uint8], NDArray[np.uint8]], Energies]
"""The mean square difference of two fields."""


class Combing(NamedTuple):
    """Energies of a frame in square codes, summed over its judged blocks, but for `leaning`.

    `stored`, `previous` and `next` are of its top field with its own bottom field, with that of
    the frame before and with that of the frame after; infinite where there is no such frame.
    `within` is that of its fields by themselves. `moves` says that enough blocks are judged.
    `leaning` is above 0 where the top field seems to be the first of two instants, below 0 where
    the bottom field does.
    """

    stored: float
    previous: float
    next: float
    within: float
    moves: bool
    leaning: float = 0.0

    def verdict(self) -> str:
        """One letter for the weave that fits.

        ``-`` nothing moves, or nothing can be told; ``s`` the stored one; ``p`` and ``n`` that
        with the frame before and after, ``P`` and ``N`` where it is much better and the stored one
        combs; ``t`` and ``b`` stored and previous, stored and next alike, as in video with the top
        or the bottom field first, and where a frame or field is shown twice; ``T`` and ``B`` the
        same where all of them comb, as only video does; ``o`` all three comb alike.
        """
        if not self.moves:
            return "-"
        tried = [("s", self.stored), ("p", self.previous), ("n", self.next)]
        tried = sorted((one for one in tried if one[1] < inf), key=lambda one: one[1])
        if len(tried) == 3 and (letter := self._tie(tried)):
            return letter
        (best, least), (_, second) = tried[:2]
        if best == "s":
            return "s" if second > _STORED_FITS * least else "-"
        if second <= _BETTER * least:
            return "-"
        sure = self.stored > max(_MUCH_BETTER * least, _BETTER * self.within)
        return best.upper() if sure else best

    def _tie(self, tried: list[tuple[str, float]]) -> str:
        """The letter where two weaves are equally good; none where one is better. `tried` are the
        weaves and their energies, best first."""
        (_, least), (_, second), (worst, most) = tried
        letter = {"n": "t", "p": "b", "s": "o"}[worst]
        if least > _COMBS * self.within and least - self.within > _NO_BETTER * (
            second - self.within
        ):
            alike = most - least < 2 * _ALIKE * least
            return "o" if alike or worst == "s" else letter.upper()
        if second - least < _ALIKE * (most - least) and second < (_BETTER + _NO_BETTER) * least:
            return "-" if letter == "o" else letter
        return ""


class _Blocks:
    """Measures fields block by block, in memory of its own: to ask for it anew each time takes
    longer than the arithmetic."""

    def __init__(self, lines: int, columns: int) -> None:
        """For fields of at most so many lines."""
        shape = (lines // _BLOCK * _BLOCK, columns // _BLOCK * _BLOCK)
        self._difference: NDArray[np.uint8] = np.empty(shape, np.uint8)
        self._square: NDArray[np.float32] = np.empty(shape, np.float32)

    def energy(self, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Energies:
        """The mean square difference of each block."""
        height, width = len(one) // _BLOCK * _BLOCK, self._square.shape[1]
        difference, square = self._difference[:height], self._square[:height]
        cv2.absdiff(one[:height, :width], other[:height, :width], dst=difference)
        square.fill(0.0)
        cv2.accumulateSquare(difference, square)
        size = (width // _BLOCK, height // _BLOCK)
        return np.asarray(cv2.resize(square, size, interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True)
class _Fields:
    """The fields of one frame, and what is known of it before the next one comes.

    `between` is the mean of the top lines around each bottom line. `broad` and `broad_bottom` are
    that mean and the bottom field in broad columns, `broad_previous` the mean square by which the
    first differs from the bottom field before. The energies are none where no
    frame went before.
    """

    bottom: NDArray[np.uint8]
    between: NDArray[np.uint8]
    broad: NDArray[np.float32]
    broad_bottom: NDArray[np.float32]
    broad_previous: float | None
    stored: Energies
    within: Energies
    previous: Energies | None
    slid: Energies | None
    moved: Energies | None


class FieldMeter:
    """Judges the frames of a movie, one after the other; it keeps nine bytes of each."""

    def __init__(self) -> None:
        self._blocks: _Blocks | None = None
        self._before: _Fields | None = None
        self._last: _Fields | None = None
        self._follows: Energies | None = None
        self._verdicts: list[str] = []
        self._leanings = array("f")
        self.interlaced = 0
        """Number of frames that are flagged as interlaced."""

    def add(self, frame: av.VideoFrame) -> None:
        """Takes the next frame."""
        self.interlaced += frame.interlaced_frame
        luma = luma_codes(frame)
        if len(luma) < _LEAST_LINES or frame.width < _BLOCK:
            self._verdicts.append("-")
            self._leanings.append(0.0)
            return
        luma = np.ascontiguousarray(luma[: len(luma) // 2 * 2, :: -(-frame.width // _COLUMNS)])
        if self._blocks is None:
            self._blocks = _Blocks(len(luma) // 2, luma.shape[1])
        now = _fields(luma, self._last, self._blocks.energy)
        if self._last is not None:
            follows = self._blocks.energy(self._last.between, now.bottom[:-1])
            self._note(_combing(self._before, self._last, now, self._follows, follows))
            self._before, self._follows = self._last, follows
        self._last = now

    def finish(self) -> None:
        """Judges the last frame, which has none after it."""
        if self._last is not None:
            self._note(_combing(self._before, self._last, None, self._follows, None))
            self._last = None

    @property
    def verdicts(self) -> str:
        """A letter of `Combing.verdict` for each frame."""
        return "".join(self._verdicts)

    @property
    def leanings(self) -> NDArray[np.float32]:
        """`Combing.leaning` of each frame."""
        return np.array(self._leanings, np.float32)

    def _note(self, combing: Combing) -> None:
        self._verdicts.append(combing.verdict())
        self._leanings.append(combing.leaning)


def _fields(luma: NDArray[np.uint8], before: _Fields | None, energy: Measure) -> _Fields:
    top, bottom = luma[0::2], luma[1::2]
    between = _mean(top[:-1], top[1:])
    broad, broad_bottom = _broad(between), _broad(bottom[:-1])
    slid = None if before is None else energy(between, before.between)
    return _Fields(
        bottom,
        between,
        broad,
        broad_bottom,
        None if before is None else _mean_square(broad, before.broad_bottom),
        stored=energy(between, bottom[:-1]),
        within=np.maximum(
            energy(_mean(top[:-2], top[2:]), top[1:-1]),
            energy(_mean(bottom[:-2], bottom[2:]), bottom[1:-1]),
        ),
        previous=None if before is None else energy(between, before.bottom[:-1]),
        slid=slid,
        moved=None
        if before is None or slid is None
        else np.maximum(slid, energy(bottom[:-1], before.bottom[:-1])),
    )


def _combing(
    before: _Fields | None,
    now: _Fields,
    after: _Fields | None,
    preceded: Energies | None,
    follows: Energies | None,
) -> Combing:
    """Sums over the blocks that stand out, move and are no fine lines. `follows` is the energy of
    the top field with the bottom field of the frame after, `preceded` that of the frame before."""
    rows, within = len(now.within), now.within
    worst = _greatest([now.stored, now.previous, follows], rows)
    moved = _greatest([now.moved, None if after is None else after.moved], rows)
    judged = (worst > _STANDS_OUT * within + _ROUNDING) & (moved > _MOVES * (worst - within))
    for first, second, crossed in ((before, now, preceded), (now, after, follows)):
        if first is not None and second is not None and crossed is not None:
            judged &= ~_opposed(first, second, crossed, rows)

    def total(energies: Energies | None) -> float:
        if energies is None:
            return inf
        return float((energies[:rows][judged] + _ROUNDING).sum(dtype=np.float64))

    return Combing(
        total(now.stored),
        total(now.previous),
        total(follows),
        total(within),
        bool(np.count_nonzero(judged) >= max(_LEAST_BLOCKS, _LEAST_SHARE * judged.size)),
        _leaning(now, after),
    )


def _opposed(before: _Fields, now: _Fields, crossed: Energies, rows: int) -> NDArray[np.bool_]:
    """Blocks whose two fields change against each other from one frame to the next, as in lines
    less than three apart. `crossed` is the energy of the first top field with the second bottom
    field; what the four weaves of two frames differ by is twice the product of the two changes."""
    assert now.previous is not None
    assert now.slid is not None
    stored = before.stored[:rows] + now.stored[:rows]
    against = (stored - now.previous[:rows] - crossed[:rows]) / 2
    own = now.slid[:rows] - _GRAIN_BETWEEN * now.within[:rows]
    worst = np.maximum(now.stored, now.previous)[:rows] - now.within[:rows]
    return np.asarray((against > _OPPOSED * own) & (against > _OPPOSED_LEAST * worst), np.bool_)


def _leaning(now: _Fields, after: _Fields | None) -> float:
    """By how much the field before is nearer than the field after, measured in broad columns, where
    a quick motion still changes less than a quicker one."""
    if now.broad_previous is None or after is None:
        return 0.0
    following = _mean_square(now.broad, after.broad_bottom)
    return log((following + _BROAD_FLOOR) / (now.broad_previous + _BROAD_FLOOR))


def _greatest(energies: list[Energies | None], rows: int) -> Energies:
    """Of each block in so many rows; 0 where there is none."""
    known = [one[:rows] for one in energies if one is not None]
    return np.asarray(np.max(known, axis=0) if known else np.zeros(()), np.float32)


def _mean(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.addWeighted(one, 0.5, other, 0.5, 0.0), np.uint8)


def _broad(lines: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Lines in columns of `_BROAD`."""
    height, width = lines.shape
    across = max(1, width // _BROAD)
    whole = lines[:, : across * _BROAD]
    size = (across, height)
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)


def _mean_square(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(cv2.norm(one, other, cv2.NORM_L2SQR)) / one.size
