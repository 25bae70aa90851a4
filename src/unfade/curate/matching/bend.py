"""How the reference is bent against the source, beyond what a framing can say.

Where the picture rests, what still differs between two matched frames is not time but place. The
resting parts of many frames together tell it to a few hundredths of a pixel.

Source: Lucas and Kanade, 1981.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from unfade.curate.matching.reference_index import FINE

_BLOCK = 8
"""Pixels a side of the parts whose place is told."""
_REST = 0.05
"""Squared change between a frame's neighbours, of a signature's mean square, up to which a pixel
rests; grain makes about as much."""
_NEAR = 1.5
"""Pixels about a moving one that do not rest either."""
_FIRMNESS = 1e-2
"""Of the mean evidence, that holds a part without any in its place."""
_EVERY = 3
"""Frames from one that is looked at to the next: their grain is alike in nothing, their picture
in nearly all."""


def find_bend(lessons: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray | None:
    """How far right and down, in the view, the parts of the reference are to be looked for.

    Args:
        lessons: fine signatures of successive source frames and of their matches, (n, d) each,
            NaN where a frame has none.

    Returns:
        (rows, columns, 2) float32 in views; none where nothing matches.
    """
    width, height = FINE
    shape = (height // _BLOCK, width // _BLOCK)
    slopes, errors = np.zeros((*shape, 2, 2)), np.zeros((*shape, 2))
    for source, reference in lessons:
        for index in range(1, len(source) - 1, _EVERY):
            if np.isnan(reference[index, 0]):
                continue
            around = [source[index + step].reshape(height, width) for step in (-1, 0, 1)]
            _add(around, reference[index].reshape(height, width), slopes, errors)
    evidence = np.trace(slopes, axis1=2, axis2=3).mean()
    if evidence == 0:
        return None
    held = slopes + _FIRMNESS * evidence * np.eye(2)
    moved = np.linalg.solve(held, errors[..., None])[..., 0]
    return np.asarray(moved / np.array([width, height]), np.float32)


def _add(
    around: list[np.ndarray], reference: np.ndarray, slopes: np.ndarray, errors: np.ndarray
) -> None:
    """Adds what a frame, between its neighbours, tells of the place of its match."""
    earlier, now, later = around
    power = now.size
    motion = cv2.GaussianBlur(power * (later - earlier) ** 2, (0, 0), _NEAR)
    weight = 1.0 / (_REST + motion) ** 2
    down, across = np.gradient(reference)
    off = (now - reference) * weight
    for row, one in enumerate((across, down)):
        errors[..., row] += _by_part(one * off)
        for column, other in enumerate((across, down)):
            slopes[..., row, column] += _by_part(one * other * weight)


def _by_part(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape
    parts = picture.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    return np.asarray(parts.sum(axis=(1, 3)))
