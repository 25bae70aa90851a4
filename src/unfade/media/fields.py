"""The two fields of stored pictures: whether they fit together, and how others do.

A picture woven of two instants combs wherever something moved: its lines jump to and fro. Field
matching looks, for the top field of each frame, for the bottom field with which it combs least:
its own, that of the frame before, or that of the frame after. That undoes pulldown of any cadence,
and film whose fields lie out of phase, without a line being made up.

Source: the principle is that of Donald Graft's Telecide and of FFmpeg's fieldmatch.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from unfade.film.clip import FieldOrder
from unfade.media.planes import luma_codes, plane_lines

_COLUMNS = 360
"""Columns that are looked at, spread over the picture: combs run down it."""
_JUMP = 8
"""Codes of 8 bits by which a line must stand out from both its neighbours, and so must the next
one. Grain and compression seldom reach it, and thin lines of the picture are single."""
_BLOCK = (8, 8)
"""Columns and lines of each field that are counted together."""
_WORST = 12
"""Blocks whose mean says how badly a picture combs: a hand is enough."""
COMBED = 0.05
"""Share of pixels that jump in the worst blocks of a combed picture. Simulated DVDs have at most
0.01 where both fields are of one film frame, and 0.22 or more where they are not and it moves."""
_SAME = 0.001
"""Difference of that share below which two weaves are as good."""
_VIDEO = 0.5
"""Share of the combed frames that no field of another frame mends, in true interlaced video."""


class FieldMeter:
    """Measures how each frame of a movie combs as stored and with its neighbours' fields."""

    def __init__(self) -> None:
        self._before: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
        self._stored: list[float] = []
        self._previous: list[float] = []
        self._next: list[float] = []

    def add(self, frame: av.VideoFrame) -> None:
        """Takes the next frame."""
        luma = luma_codes(frame)
        luma = np.ascontiguousarray(luma[: len(luma) // 2 * 2, :: -(-frame.width // _COLUMNS)])
        top, bottom = luma[0::2], luma[1::2]
        self._stored.append(combing(top, bottom))
        if self._before is None:
            self._previous.append(np.inf)
        else:
            self._previous.append(combing(top, self._before[1]))
            self._next.append(combing(self._before[0], bottom))
        self._before = (top, bottom)

    def fields(self) -> tuple[FieldOrder, str]:
        """How the whole is to be read, and the letters of `Cadence.weave`, one a frame."""
        after = [*self._next, np.inf]
        measures = np.array([self._stored, self._previous, after])
        letters = _letters(measures)
        combed = measures[0] > COMBED
        if (combed & (letters == "x")).sum() > _VIDEO * combed.sum():
            moved = combed[:-1] & combed[1:]
            top_first = measures[1, 1:][moved].sum() <= measures[2, :-1][moved].sum()
            return "top" if top_first else "bottom", "s" * len(letters)
        weave = "".join(letters)
        return "progressive" if set(weave) == {"s"} else "film", weave


def combing(top: NDArray[np.uint8], bottom: NDArray[np.uint8]) -> float:
    """How badly two fields comb: the share of jumping pixels in the worst blocks, 0 to 1.

    Args:
        top: even lines, (h, w) codes of 8 bits.
        bottom: odd lines, the same.
    """
    jumps = cv2.min(
        _standing_out(bottom[:-1], top[:-1], top[1:]),
        _standing_out(top[1:], bottom[:-1], bottom[1:]),
    )
    across, down = (
        max(1, side // size) for side, size in zip(jumps.shape[::-1], _BLOCK, strict=True)
    )
    shares = cv2.resize(jumps, (across, down), interpolation=cv2.INTER_AREA).ravel()
    worst = min(_WORST, len(shares))
    return float(np.partition(shares, len(shares) - worst)[-worst:].mean()) / 255


def rewoven(
    numbered: Iterable[tuple[int, av.VideoFrame]], weave: str, first: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames whose bottom fields are those that fit.

    Args:
        numbered: frames with their numbers, one following the other.
        weave: letters of `Cadence.weave`.
        first: the number of the frame that the first letter is of.
    """
    before: av.VideoFrame | None = None
    now: tuple[int, av.VideoFrame] | None = None
    for after in chain(numbered, (None,)):
        if now is not None:
            number, frame = now
            place = number - first
            letter = weave[place] if 0 <= place < len(weave) else "s"
            other = {"p": before, "n": after[1] if after is not None else None}.get(letter)
            yield number, _with_bottom(frame, other, alone=letter == "x")
            before = frame
        now = after


def _with_bottom(
    frame: av.VideoFrame, other: av.VideoFrame | None, *, alone: bool
) -> av.VideoFrame:
    """A frame with the bottom field of another; where its top field stands alone, with that field
    interpolated; else as it is."""
    if other is None and not alone:
        return frame
    woven = av.VideoFrame(frame.width, frame.height, frame.format.name)
    for index in range(len(frame.planes)):
        lines = plane_lines(frame, index)
        into = plane_lines(woven, index)
        into[0::2] = lines[0::2]
        into[1::2] = (
            _between(lines[0::2])[: len(into) // 2]
            if other is None
            else plane_lines(other, index)[1::2]
        )
    return woven


def _between(lines: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Lines (h, w), each the mean of one and the next."""
    below = np.concatenate([lines[1:], lines[-1:]])
    mean: NDArray[np.uint16] = ((lines.astype(np.int32) + below) // 2).astype(lines.dtype)
    return mean


def _standing_out(
    lines: NDArray[np.uint8], above: NDArray[np.uint8], below: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """255 where a line is clearly brighter than both neighbours, or darker than both; else 0."""
    over = cv2.subtract(lines, cv2.max(above, below))
    under = cv2.subtract(cv2.min(above, below), lines)
    return np.asarray(
        cv2.threshold(cv2.max(over, under), _JUMP, 255, cv2.THRESH_BINARY)[1], np.uint8
    )


def _letters(measures: NDArray[np.float64]) -> NDArray[np.str_]:
    """The letter of each frame, by how it combs (3, frames) as stored, with the frame before, and
    with the frame after."""
    best = measures.min(axis=0)
    letters: NDArray[np.str_] = np.array(["s", "p", "n"])[(measures <= best + _SAME).argmax(axis=0)]
    letters[best > COMBED] = "x"
    return letters
