"""What part of the source a laid reference covers."""

import cv2
import numpy as np

from unfade.film.clip import Area

_INWARDS = 2.0
"""Pixels of the reference's outline that are not counted: its own border and the filter's reach."""


def covered_area(
    matrix: np.ndarray, reference: tuple[int, int], source: tuple[int, int]
) -> Area | None:
    """The largest upright rectangle of the source that a laid reference covers in full.

    Args:
        matrix: 3x3, reference pixels to source pixels.
        reference: height and width of the reference, in pixels.
        source: height and width of the source, in pixels.

    Returns:
        None where it covers nothing.
    """
    top, bottom = _columns(matrix, reference, source)
    best, size = None, 0
    for left in range(len(top)):
        heights = np.minimum(bottom[left], bottom[left:]) - np.maximum(top[left], top[left:]) + 1
        sizes = np.maximum(heights, 0) * np.arange(1, len(heights) + 1)
        widest = int(sizes.argmax())
        if sizes[widest] > size:
            size = int(sizes[widest])
            best = Area(
                x=left,
                y=int(max(top[left], top[left + widest])),
                width=widest + 1,
                height=int(heights[widest]),
            )
    return best


def _columns(
    matrix: np.ndarray, reference: tuple[int, int], source: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """First and last covered row of each column of the source; none where last is before first.

    The outline is convex, so a rectangle lies in it when its left and right columns do.
    """
    rows, columns = reference
    height, width = source
    corners = np.array(
        [[0, 0], [columns - 1, 0], [columns - 1, rows - 1], [0, rows - 1]], np.float64
    )
    quad = cv2.perspectiveTransform(corners[None], matrix)[0]
    x = np.arange(width, dtype=np.float64)
    top, bottom = np.full(width, 0.0), np.full(width, height - 1.0)
    for start, end in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        run, rise = end - start
        length = max(float(np.hypot(run, rise)), 1e-9)
        # Inside lies to the right of each edge as one walks around, y pointing down.
        if abs(run) < 1e-9 * length:
            outside = (x - start[0]) * -rise < _INWARDS * length
            bottom[outside] = -1.0
            continue
        edge = start[1] + (x - start[0]) * (rise / run) + _INWARDS * length / run
        if run > 0:
            top = np.maximum(top, edge)
        else:
            bottom = np.minimum(bottom, edge)
    return np.ceil(top - 1e-9).astype(np.int64), np.floor(bottom + 1e-9).astype(np.int64)
