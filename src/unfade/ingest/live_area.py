"""Detection of the live area in a scan or a video.

The live area of a scan lies within a dark border, beyond which there are perforations, sound track
and neighbouring frames; that of a video lies within black bars. Each side is searched from the
middle outwards, for the first straight line that is dark over its whole length in every frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unfade.film.clip import Area

Luma = NDArray[np.uint8]
"""Luma of frames in 8-bit codes, (H, W) or (N, H, W)."""

SAFETY_MARGIN_PX = 2
"""Distance from the detected edge inwards: about the blur of a scanned edge."""

_DARK_SHARE = 0.25
"""Level below which a pixel is dark, from border (0) to picture (1): fog, stains and grain of a
border stay below it."""

_MIN_CONTRAST_CODES = 12.0
"""Smallest difference of picture and border, of 255: below it the two cannot be distinguished."""

_SEGMENT_COUNT = 24
"""Segments along a side, whose edges are compared to test that the side is straight."""

_MIN_DARK_SHARE = 0.85
"""Smallest share of dark segments along a border; dirt and stains may brighten the others."""

_MIN_STRAIGHT_SHARE = 0.6
"""Smallest share of segments whose own edge lies within `_STRAIGHTNESS_TOLERANCE` of the border;
otherwise the dark region is picture."""

_STRAIGHTNESS_TOLERANCE = 0.012
"""Share of the raster: tilt of the frame and curvature of its edge stay below it."""

_MIN_BORDER_PX = 2
"""Smallest width of a border: a single dark column may be ringing of a filter."""

_WEAVE_PX = 6
"""Distance from the common edge within which the edge of a single frame is searched."""

_MIDDLE_HALF_SHARE = 0.25
"""Share of the raster on each side of its centre that certainly is picture."""


def find_live_area(frames: Sequence[Luma]) -> Area:
    """The live area of a clip.

    Args:
        frames: about 24 frames spread over the clip: luma of the whole raster, (H, W), 8 bits.

    Returns:
        The largest rectangle without border in any of the frames; the whole raster if there is
        no border.
    """
    stack = np.stack(frames)
    bright = _second_brightest(stack).astype(np.float32)
    levels = _levels(bright)
    height, width = bright.shape
    if levels is None:
        return Area(x=0, y=0, width=width, height=height)
    rows = _middle(height)
    for _ in range(2):
        columns = _picture_range(stack[:, rows], bright[rows], levels)
        rows = _picture_range(
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
    """Typical 8-bit codes of border and picture."""

    border: float
    picture: float

    def between(self, share: float) -> float:
        return self.border + share * (self.picture - self.border)


def _second_brightest(stack: Luma) -> Luma:
    """Per pixel (H, W) the second brightest of frames (N, H, W), because the brightest may hold
    dirt; of a single frame, that frame."""
    brightest, second = stack[0].copy(), np.zeros_like(stack[0])
    for frame in stack[1:]:
        np.maximum(second, np.minimum(frame, brightest), out=second)
        np.maximum(brightest, frame, out=brightest)
    return np.asarray(second if len(stack) > 1 else brightest)


def _levels(bright: NDArray[np.float32]) -> _Levels | None:
    height, width = bright.shape
    rows, columns = _middle(height), _middle(width)
    border = min(bright[rows].mean(axis=0).min(), bright[:, columns].mean(axis=1).min())
    picture = float(np.median(bright[rows, columns]))
    if picture - border < _MIN_CONTRAST_CODES:
        return None
    return _Levels(float(border), picture)


def _middle(length: int) -> slice:
    return slice(
        int(length * (0.5 - _MIDDLE_HALF_SHARE)), int(np.ceil(length * (0.5 + _MIDDLE_HALF_SHARE)))
    )


def _picture_range(stack: Luma, bright: NDArray[np.float32], levels: _Levels) -> slice:
    """The columns between the left and the right border of pictures (N, rows, columns)."""
    centre = bright.shape[1] // 2
    right = _picture_columns(stack[:, :, centre:], bright[:, centre:], levels)
    left = _picture_columns(stack[:, :, :centre][:, :, ::-1], bright[:, :centre][:, ::-1], levels)
    return slice(centre - left, centre + right)


def _picture_columns(stack: Luma, bright: NDArray[np.float32], levels: _Levels) -> int:
    """The number of picture columns, counted from the first column, less the safety margin."""
    edge = _coarse_edge(_segment_means(bright), levels)
    if edge == bright.shape[1]:
        return edge
    return _innermost_edge(stack, edge, levels) - SAFETY_MARGIN_PX


def _segment_means(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over groups of rows, (segments, columns), without the ends, whose corners are round."""
    lines = picture.shape[-2]
    inner = picture[..., int(lines * 0.08) : int(np.ceil(lines * 0.92)), :]
    parts = np.array_split(inner, min(_SEGMENT_COUNT, inner.shape[-2]), axis=-2)
    means: NDArray[np.float32] = np.stack([part.mean(axis=-2) for part in parts], axis=-2)
    return means


def _coarse_edge(segments: NDArray[np.float32], levels: _Levels) -> int:
    """The first border column in (segments, columns); the number of columns if there is no border.

    If dark picture merges with the border, the border's outer edge is used if it is straight.
    """
    length: int = segments.shape[1]
    lit = segments > levels.between(_DARK_SHARE)
    is_border = (~lit).mean(axis=0) >= _MIN_DARK_SHARE
    tolerance = max(2.0, _STRAIGHTNESS_TOLERANCE * 2 * length)
    position = int(length * 2 * _MIDDLE_HALF_SHARE)
    while position < length:
        run = int(np.argmin(np.append(is_border[position:], False)))
        end = position + run
        if run >= _MIN_BORDER_PX:
            if _is_straight(lit[:, :position], tolerance):
                return position
            if end < length and _is_straight(lit[:, end:][:, ::-1], tolerance):
                return end
        position = end + 1
    return length


def _is_straight(lit: NDArray[np.bool_], tolerance: float) -> bool:
    """Whether the last lit column of most segments is close to the end."""
    length = lit.shape[1]
    dark_tail = np.where(lit.any(axis=1), np.argmax(lit[:, ::-1], axis=1), length)
    return bool((dark_tail <= tolerance).mean() >= _MIN_STRAIGHT_SHARE)


def _innermost_edge(stack: Luma, edge: int, levels: _Levels) -> int:
    """The first column that is border in any frame: `edge`, or a little before it."""
    first = max(edge - 2 * _WEAVE_PX, 0)
    near = _segment_means(stack[:, :, first : edge + _WEAVE_PX].astype(np.float32))
    inside = near[:, :, :_WEAVE_PX].mean(axis=2)
    clear = inside > levels.between(0.5)
    falling = near < (levels.border + 0.5 * (inside - levels.border))[:, :, None]
    columns = np.where(falling.any(axis=2), np.argmax(falling, axis=2), near.shape[2]) + first
    edges = [
        int(np.quantile(in_frame[is_clear], 0.25))
        for in_frame, is_clear in zip(columns, clear, strict=True)
        if is_clear.mean() >= 0.25
    ]
    return min(edges, default=edge)
