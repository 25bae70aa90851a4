"""Finding the picture within what was scanned or mastered.

Around the live area of a scan lies the dark border of the frame, and beyond it perforations, sound
track and the neighbouring frames; around that of a video lie black bars. A side of the live area
is therefore looked for from the middle outwards: the first straight line beyond which the picture
is dark all along, in every frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unfade.film.clip import Area

Luma = NDArray[np.uint8]

SAFETY_MARGIN = 2
"""Pixels inwards of the edge that was found: a scanned edge is blurred over about so many."""

_BRIGHT_RANK = 2
"""The how-manieth brightest frame, pixel by pixel, tells where light ever is; the brightest may
be dirt."""

_DARK_LEVEL = 0.25
"""Between border (0) and picture (1). Fog, stains and grain of a border stay below it."""

_LEAST_CONTRAST = 12.0
"""Codes of 8 bits between border and picture; with less no border can be told."""

_SEGMENTS = 24
"""Parts in which a side is looked at, for its straightness."""

_DARK_SEGMENTS = 0.85
"""Share of a side that is dark where the border is; dirt and stains may light the rest."""

_STRAIGHT_SEGMENTS = 0.6
"""Share of a side whose own edge lies within `_STRAIGHT` of the border; less is dark picture."""

_STRAIGHT = 0.012
"""Of the raster. Tilt of the frame and curvature of its edge stay below it."""

_LEAST_BORDER = 2
"""Pixels that a border has at least."""

_WEAVE = 6
"""Pixels around the edge in which single frames are searched for theirs."""

_MIDDLE = 0.25
"""Of the raster, on each side of its centre: certainly picture."""


def find_live_area(frames: Sequence[Luma]) -> Area:
    """The live area of a clip.

    Args:
        frames: some 24 frames spread over it, each the luma of the whole raster, (H, W), 8 bits.

    Returns:
        the largest rectangle that holds no border in any of the frames; the whole raster where
        there is no border.
    """
    stack = np.stack(frames)
    rank = max(len(stack) - _BRIGHT_RANK, 0)
    bright = np.partition(stack, rank, axis=0)[rank].astype(np.float32)
    levels = _levels(bright)
    height, width = bright.shape
    if levels is None:
        return Area(x=0, y=0, width=width, height=height)
    rows = _middle(height)
    for _ in range(2):
        columns = _extent(stack[:, rows], bright[rows], levels)
        rows = _extent(
            stack[:, :, columns].transpose(0, 2, 1), bright[:, columns].transpose(), levels
        )
    return Area(
        x=columns.start,
        y=rows.start,
        width=columns.stop - columns.start,
        height=rows.stop - rows.start,
    )


@dataclass(frozen=True)
class _Levels:
    """Typical codes of border and picture."""

    border: float
    picture: float

    def between(self, share: float) -> float:
        return self.border + share * (self.picture - self.border)


def _levels(bright: NDArray[np.float32]) -> _Levels | None:
    height, width = bright.shape
    rows, columns = _middle(height), _middle(width)
    border = min(bright[rows].mean(axis=0).min(), bright[:, columns].mean(axis=1).min())
    picture = float(np.median(bright[rows, columns]))
    if picture - border < _LEAST_CONTRAST:
        return None
    return _Levels(float(border), picture)


def _middle(length: int) -> slice:
    return slice(int(length * (0.5 - _MIDDLE)), int(np.ceil(length * (0.5 + _MIDDLE))))


def _extent(stack: Luma, bright: NDArray[np.float32], levels: _Levels) -> slice:
    """From the left border to the right one of pictures (N, lines, length)."""
    centre = bright.shape[1] // 2
    right = _side(stack[:, :, centre:], bright[:, centre:], levels)
    left = _side(stack[:, :, :centre][:, :, ::-1], bright[:, :centre][:, ::-1], levels)
    return slice(centre - left, centre + right)


def _side(stack: Luma, bright: NDArray[np.float32], levels: _Levels) -> int:
    """How many columns from the first one on are picture, margin taken off."""
    edge = _coarse_edge(_segment_means(bright), levels)
    if edge == bright.shape[1]:
        return edge
    return _innermost_edge(stack, edge, levels) - SAFETY_MARGIN


def _segment_means(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """(segments, length): means over parts of the lines, the ends left out (round corners)."""
    lines = picture.shape[-2]
    inner = picture[..., int(lines * 0.08) : int(np.ceil(lines * 0.92)), :]
    parts = np.array_split(inner, min(_SEGMENTS, inner.shape[-2]), axis=-2)
    means: NDArray[np.float32] = np.stack([part.mean(axis=-2) for part in parts], axis=-2)
    return means


def _coarse_edge(segments: NDArray[np.float32], levels: _Levels) -> int:
    """The first column of the border in (segments, length), the length where there is none.

    Where dark picture runs into the border, the border's outer edge stands for it, if straight.
    """
    length: int = segments.shape[1]
    lit = segments > levels.between(_DARK_LEVEL)
    is_border = (~lit).mean(axis=0) >= _DARK_SEGMENTS
    tolerance = max(2.0, _STRAIGHT * 2 * length)
    position = int(length * 2 * _MIDDLE)
    while position < length:
        run = int(np.argmin(np.append(is_border[position:], False)))
        end = position + run
        if run >= _LEAST_BORDER:
            if _is_straight(lit[:, :position], tolerance):
                return position
            if end < length and _is_straight(lit[:, end:][:, ::-1], tolerance):
                return end
        position = end + 1
    return length


def _is_straight(lit: NDArray[np.bool_], tolerance: float) -> bool:
    """Whether most segments are lit until shortly before the end."""
    length = lit.shape[1]
    dark_tail = np.where(lit.any(axis=1), np.argmax(lit[:, ::-1], axis=1), length)
    return bool((dark_tail <= tolerance).mean() >= _STRAIGHT_SEGMENTS)


def _innermost_edge(stack: Luma, edge: int, levels: _Levels) -> int:
    """The first column that is border in any frame: `edge`, or shortly before it."""
    first = max(edge - 2 * _WEAVE, 0)
    near = _segment_means(stack[:, :, first : edge + _WEAVE].astype(np.float32))
    inside = near[:, :, :_WEAVE].mean(axis=2)
    clear = inside > levels.between(0.5)
    falling = near < (levels.border + 0.5 * (inside - levels.border))[:, :, None]
    found = np.where(falling.any(axis=2), np.argmax(falling, axis=2), near.shape[2]) + first
    edges = [
        int(np.quantile(in_frame[is_clear], 0.25))
        for in_frame, is_clear in zip(found, clear, strict=True)
        if is_clear.mean() >= 0.25
    ]
    return min(edges, default=edge)
