"""Measures for each frame of a movie which fields belong together.

A frame whose two fields show different instants combs wherever something moves. The top field of
each frame is woven with three bottom fields: its own, that of the frame before and that of the
frame after. The measure is the comb energy: the mean square difference between a bottom line and
the mean of the two top lines around it. Grain and detail add about the same energy to all three
weaves. They add at least as much to the same measure within one field, whose lines lie twice as far
apart. Therefore the four energies are compared with one another and never with a fixed threshold.
The exception is picture lines less than three lines apart, which add less within a field;
`_shows_fine_lines` excludes them.

Source: trying three bottom fields is the principle of Donald Graft's Telecide and of FFmpeg's
fieldmatch.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from unfade.media.movies.decoded_frame import DecodedFrame
from unfade.media.movies.planes import luma_codes

_MEASURED_COLUMNS = 360
"""Number of columns measured, evenly spaced over the picture. A comb shows fully in each column, so
the spacing loses none."""
_BLOCK_PX = 8
"""Block size in columns and in field lines: 64 samples estimate grain energy to within 20 %."""
_MIN_LINES = 2 * (_BLOCK_PX + 2)
"""Smallest height of a measured picture, in lines; a lower one has no whole block in a field."""
_MIN_COMB_RATIO = 2.0
"""Ratio of a block's highest weave energy to its energy within a field, above which the block
counts: five standard deviations above grain alone."""
_ROUNDING_ENERGY = 3.0
"""Energy of a smooth block, in square 8-bit codes, from rounding and compression."""
_MIN_CHANGE_SHARE = 0.5
"""Smallest energy of a field's change from frame to frame, as a share of the comb energy: static
ruled paper must not count as a comb."""
_FINE_LINES_MIN_PRODUCT = 0.7
"""Smallest product of a block's changes in its two fields, as a share of the top field's own change
and with opposite sign, at which the block shows fine lines. Lines less than three apart give 1 to
2, film that moves quickly out of phase 0.5, video and coarser detail less than 0."""
_FINE_LINES_MIN_COMB_SHARE = 0.15
"""Smallest product of the two changes as a share of the comb energy, at which the block shows fine
lines; less hardly adds to the comb."""
_GRAIN_IN_LINE_MEAN = 2 / 3
"""Grain energy in the change of the mean of two lines, as a share of the energy within a field."""
_BROAD_COLUMN_PX = 16
"""Measured columns averaged into one broad column, about a twentieth of the picture."""
_BROAD_GRAIN_ENERGY = 0.1
"""Square codes added to the differences of broad columns, for grain and rounding."""
_MIN_MOVING_BLOCKS = 4
"""Number of blocks that must count for the frame to move, because grain alone passes in a few."""
_MIN_MOVING_SHARE = 0.005
"""Share of all blocks that must count for the frame to move, for the same reason."""


_MIN_TIE_COMB_RATIO = 1.3
"""Ratio of a weave's energy to the energy within a field, above which the weave combs; grain alone
gives 1."""
_MIN_TIE_ENERGY_RATIO = 0.5
"""Smallest ratio of the best weave's comb energy to the second best's at which the two count as
equal; steady video gives 1, film and progressive frames 0."""
_MAX_TIE_DIFFERENCE = 0.15
"""Difference of the two best weaves as a share of the difference between best and worst, up to
which they tie. Film out of phase gives 1/4 where it moves slowly, video at a steady speed 0."""
_BETTER_RATIO = 2.0
"""Ratio of the second best weave's energy to the best one's, above which the best one fits better
than the stored one; also the ratio of the stored weave's energy to that within a field, above which
the stored one combs."""
_MUCH_BETTER_RATIO = 3.0
"""Ratio of the stored weave's energy to the best one's, above which the best one is much better."""
_STORED_FITS_RATIO = 1.3
"""Ratio of the second best weave's energy to the stored one's, above which the stored one fits."""

Energies = NDArray[np.float32]
"""Mean square difference of each block, (blocks down, blocks across)."""

BlockEnergy = Callable[[NDArray[np.uint8], NDArray[np.uint8]], Energies]
"""Function for the mean square difference of two fields, block by block."""


class CombEnergies(NamedTuple):
    """Energies of a frame in square codes, summed over the blocks that count.

    `stored`, `previous` and `next` are the energies of its top field woven with its own bottom
    field, with that of the frame before and with that of the frame after; infinite if there is no
    such frame. `within` is the energy within its fields. `moves` is true if enough blocks count.
    `top_first_score` is a log ratio, positive if the top field seems to be the first of two
    instants and negative if the bottom field does.
    """

    stored: float
    previous: float
    next: float
    within: float
    moves: bool
    top_first_score: float = 0.0

    def verdict(self) -> str:
        """One letter for the weave that fits.

        ``-`` nothing moves, or no weave is clearly better; ``s`` the stored weave; ``p`` and ``n``
        the weave with the frame before and after, ``P`` and ``N`` where that is much better and the
        stored one combs; ``t`` a tie of stored and previous, ``b`` a tie of stored and next, as in
        video with the top or the bottom field first and where a frame or field is shown twice;
        ``T`` and ``B`` the same ties where all three weaves comb, as only video does; ``o`` all
        three comb equally.
        """
        if not self.moves:
            return "-"
        weaves = [("s", self.stored), ("p", self.previous), ("n", self.next)]
        weaves = sorted((one for one in weaves if one[1] < inf), key=lambda one: one[1])
        if len(weaves) == 3 and (letter := self._tie(weaves)):
            return letter
        (best, lowest), (_, second) = weaves[:2]
        if best == "s":
            return "s" if second > _STORED_FITS_RATIO * lowest else "-"
        if second <= _BETTER_RATIO * lowest:
            return "-"
        stored_combs = self.stored > max(_MUCH_BETTER_RATIO * lowest, _BETTER_RATIO * self.within)
        return best.upper() if stored_combs else best

    def _tie(self, weaves: list[tuple[str, float]]) -> str:
        """The letter if two weaves are equally good, empty if one is better. `weaves` are letters
        and energies, best first."""
        (_, lowest), (_, second), (worst, highest) = weaves
        letter = {"n": "t", "p": "b", "s": "o"}[worst]
        if (
            lowest > _MIN_TIE_COMB_RATIO * self.within
            and lowest - self.within > _MIN_TIE_ENERGY_RATIO * (second - self.within)
        ):
            equally_bad = highest - lowest < 2 * _MAX_TIE_DIFFERENCE * lowest
            return "o" if equally_bad or worst == "s" else letter.upper()
        if (
            second - lowest < _MAX_TIE_DIFFERENCE * (highest - lowest)
            and second < (_BETTER_RATIO + _MIN_TIE_ENERGY_RATIO) * lowest
        ):
            return "-" if letter == "o" else letter
        return ""


class _BlockMeter:
    """Measures the energies of blocks in reused buffers: allocation for each call takes longer than
    the arithmetic."""

    def __init__(self, lines: int, columns: int) -> None:
        """`lines` and `columns` are the largest size of a field."""
        shape = (lines // _BLOCK_PX * _BLOCK_PX, columns // _BLOCK_PX * _BLOCK_PX)
        self._difference: NDArray[np.uint8] = np.empty(shape, np.uint8)
        self._square: NDArray[np.float32] = np.empty(shape, np.float32)

    def energy(self, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Energies:
        """Mean square difference of each block."""
        height, width = len(one) // _BLOCK_PX * _BLOCK_PX, self._square.shape[1]
        difference, square = self._difference[:height], self._square[:height]
        cv2.absdiff(one[:height, :width], other[:height, :width], dst=difference)
        square.fill(0.0)
        cv2.accumulateSquare(difference, square)
        size = (width // _BLOCK_PX, height // _BLOCK_PX)
        return np.asarray(cv2.resize(square, size, interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True)
class _Fields:
    """The fields of one frame, and the measures that need no later frame.

    `line_mean` is the mean of the two top lines around each bottom line; `broad_mean` and
    `broad_bottom` are that mean and the bottom field in broad columns. `broad_previous` is the mean
    square difference between `broad_mean` and the bottom field of the frame before. `top_change` is
    the change of the top field since the frame before and `change` the larger of the two fields'
    changes. What needs a frame before is None if there is none.
    """

    bottom: NDArray[np.uint8]
    line_mean: NDArray[np.uint8]
    broad_mean: NDArray[np.float32]
    broad_bottom: NDArray[np.float32]
    broad_previous: float | None
    stored: Energies
    within: Energies
    previous: Energies | None
    top_change: Energies | None
    change: Energies | None


class FieldMeter:
    """Measures the frames of a movie one after the other; it keeps nine bytes of each."""

    def __init__(self) -> None:
        self._block_meter: _BlockMeter | None = None
        self._second_last: _Fields | None = None
        self._last: _Fields | None = None
        self._crossed_after: Energies | None = None
        self._verdicts: list[str] = []
        self._top_first_scores = array("f")
        self.interlaced = 0
        """Number of frames that are flagged as interlaced."""

    def add(self, frame: DecodedFrame) -> None:
        """Measures the next frame."""
        self.interlaced += frame.is_interlaced
        luma = luma_codes(frame)
        if len(luma) < _MIN_LINES or frame.width < _BLOCK_PX:
            self._verdicts.append("-")
            self._top_first_scores.append(0.0)
            return
        # A copy, because the memory of the frame holds another one soon.
        luma = luma[: len(luma) // 2 * 2, :: -(-frame.width // _MEASURED_COLUMNS)].copy()
        if self._block_meter is None:
            self._block_meter = _BlockMeter(len(luma) // 2, luma.shape[1])
        now = _fields(luma, self._last, self._block_meter.energy)
        if self._last is not None:
            crossed_after = self._block_meter.energy(self._last.line_mean, now.bottom[:-1])
            self._append(
                _comb_energies(
                    self._second_last, self._last, now, self._crossed_after, crossed_after
                )
            )
            self._second_last, self._crossed_after = self._last, crossed_after
        self._last = now

    def finish(self) -> None:
        """Measures the last frame, which has no frame after it."""
        if self._last is not None:
            self._append(
                _comb_energies(self._second_last, self._last, None, self._crossed_after, None)
            )
            self._last = None

    @property
    def verdicts(self) -> str:
        """One letter of `CombEnergies.verdict` for each frame."""
        return "".join(self._verdicts)

    @property
    def top_first_scores(self) -> NDArray[np.float32]:
        """`CombEnergies.top_first_score` of each frame."""
        return np.array(self._top_first_scores, np.float32)

    def _append(self, combing: CombEnergies) -> None:
        self._verdicts.append(combing.verdict())
        self._top_first_scores.append(combing.top_first_score)


def _fields(luma: NDArray[np.uint8], before: _Fields | None, energy: BlockEnergy) -> _Fields:
    top, bottom = luma[0::2], luma[1::2]
    line_mean = _line_mean(top[:-1], top[1:])
    broad_mean, broad_bottom = _in_broad_columns(line_mean), _in_broad_columns(bottom[:-1])
    top_change = None if before is None else energy(line_mean, before.line_mean)
    return _Fields(
        bottom,
        line_mean,
        broad_mean,
        broad_bottom,
        None if before is None else _mean_square(broad_mean, before.broad_bottom),
        stored=energy(line_mean, bottom[:-1]),
        within=np.maximum(
            energy(_line_mean(top[:-2], top[2:]), top[1:-1]),
            energy(_line_mean(bottom[:-2], bottom[2:]), bottom[1:-1]),
        ),
        previous=None if before is None else energy(line_mean, before.bottom[:-1]),
        top_change=top_change,
        change=None
        if before is None or top_change is None
        else np.maximum(top_change, energy(bottom[:-1], before.bottom[:-1])),
    )


def _comb_energies(
    before: _Fields | None,
    now: _Fields,
    after: _Fields | None,
    crossed_before: Energies | None,
    crossed_after: Energies | None,
) -> CombEnergies:
    """Sums over the blocks that stand out, move and show no fine lines. `crossed_after` is the
    energy of the top field with the bottom field of the frame after; `crossed_before` is the same
    for the frame before."""
    rows, within = len(now.within), now.within
    worst = _block_maximum([now.stored, now.previous, crossed_after], rows)
    change = _block_maximum([now.change, None if after is None else after.change], rows)
    moving = (worst > _MIN_COMB_RATIO * within + _ROUNDING_ENERGY) & (
        change > _MIN_CHANGE_SHARE * (worst - within)
    )
    for first, second, crossed in ((before, now, crossed_before), (now, after, crossed_after)):
        if first is not None and second is not None and crossed is not None:
            moving &= ~_shows_fine_lines(first, second, crossed, rows)

    def total(energies: Energies | None) -> float:
        if energies is None:
            return inf
        return float((energies[:rows][moving] + _ROUNDING_ENERGY).sum(dtype=np.float64))

    return CombEnergies(
        total(now.stored),
        total(now.previous),
        total(crossed_after),
        total(within),
        bool(np.count_nonzero(moving) >= max(_MIN_MOVING_BLOCKS, _MIN_MOVING_SHARE * moving.size)),
        _top_first_score(now, after),
    )


def _shows_fine_lines(
    before: _Fields, now: _Fields, crossed: Energies, rows: int
) -> NDArray[np.bool_]:
    """Blocks whose two fields change with opposite signs from one frame to the next, as lines less
    than three apart do. `crossed` is the energy of the first top field with the second bottom
    field. The product of the two changes follows from the four weaves of the two frames, whose
    energies differ by twice that product."""
    assert now.previous is not None
    assert now.top_change is not None
    stored = before.stored[:rows] + now.stored[:rows]
    against = (stored - now.previous[:rows] - crossed[:rows]) / 2
    own = now.top_change[:rows] - _GRAIN_IN_LINE_MEAN * now.within[:rows]
    worst = np.maximum(now.stored, now.previous)[:rows] - now.within[:rows]
    return np.asarray(
        (against > _FINE_LINES_MIN_PRODUCT * own) & (against > _FINE_LINES_MIN_COMB_SHARE * worst),
        np.bool_,
    )


def _top_first_score(now: _Fields, after: _Fields | None) -> float:
    """Log ratio of the differences to the bottom field of the frame after and of the frame before,
    in broad columns, where a difference grows with the distance of motion."""
    if now.broad_previous is None or after is None:
        return 0.0
    following = _mean_square(now.broad_mean, after.broad_bottom)
    return log((following + _BROAD_GRAIN_ENERGY) / (now.broad_previous + _BROAD_GRAIN_ENERGY))


def _block_maximum(energies: list[Energies | None], rows: int) -> Energies:
    """Largest energy of each block in the first `rows` rows; 0 if there is none."""
    known = [one[:rows] for one in energies if one is not None]
    return np.asarray(np.max(known, axis=0) if known else np.zeros(()), np.float32)


def _line_mean(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.addWeighted(one, 0.5, other, 0.5, 0.0), np.uint8)


def _in_broad_columns(lines: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Lines averaged into columns of `_BROAD_COLUMN_PX`."""
    height, width = lines.shape
    across = max(1, width // _BROAD_COLUMN_PX)
    whole = lines[:, : across * _BROAD_COLUMN_PX]
    size = (across, height)
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)


def _mean_square(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(cv2.norm(one, other, cv2.NORM_L2SQR)) / one.size
