"""Whether a laid reference is of the very instant: its neighbours are held against the source."""

import cv2
import numpy as np

_SOFT = 1.5
"""Pixels of blur under which grain and compression lose to what moves."""
_MOVES = 16.0
"""Change of structure between frames, of 255, from which something moves."""
_LEAST_MOVING = 0.003
"""Share of the picture that has to move for the instant to be told at all."""
_SMALLER = 4
"""How much smaller pictures are in which a pan is looked for, so that grain does not decide."""
_FITS_BETTER = 0.93
"""Share of the reference's misfit that a neighbour's may have at most to be the better one."""


def moving(neighbours: list[np.ndarray], inside: np.ndarray) -> np.ndarray:
    """Where something moves between a reference's neighbours: bool (H, W).

    Args:
        neighbours: structure of the frames around it as they lie on the source, uint8 (H, W).
        inside: bool (H, W), where they cover the source.
    """
    if len(neighbours) < 2:
        return np.zeros(inside.shape, bool)
    soft = [_soften(picture) for picture in neighbours]
    return np.asarray((np.abs(soft[-1] - soft[0]) > _MOVES) & inside)


def better_neighbour(
    source: np.ndarray, laid: dict[int, np.ndarray], inside: np.ndarray
) -> int | None:
    """Which neighbour of a reference fits better where the two differ.

    Args:
        source: structure, uint8 (H, W).
        laid: structure of the reference as it lies on the source under 0, of its neighbours under
            -1 and 1 as far as there are any; each is also tried shifted, for the transform was
            found with the reference, and takes up a pan.
        inside: bool (H, W), where they cover the source.

    Returns:
        -1 or 1, or none where the reference is as good or nothing moves that could tell.
    """
    ours, now = _soften(source), _soften(laid[0])
    misfit = {0: _FITS_BETTER}
    for k in laid.keys() - {0}:
        other = _soften(laid[k])
        ways = (_misfit(ours, now, way, inside) for way in (other, _steadied(other, now)))
        misfit[k] = min(ways)
    best = min(misfit, key=lambda k: misfit[k])
    return best or None


def _misfit(ours: np.ndarray, now: np.ndarray, other: np.ndarray, inside: np.ndarray) -> float:
    """How far another frame is off the source where it differs, as a share of how far this is."""
    differs = (np.abs(other - now) > _MOVES) & inside
    if differs.mean() < _LEAST_MOVING:
        return 1.0
    there, here = (float(((one - ours)[differs] ** 2).mean()) for one in (other, now))
    return there / max(here, 1e-6)


def _steadied(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A picture shifted to lie on another."""
    small = [
        cv2.resize(one, None, fx=1 / _SMALLER, fy=1 / _SMALLER, interpolation=cv2.INTER_AREA)
        for one in (picture, other)
    ]
    size = other.shape[::-1]
    window = cv2.createHanningWindow(small[0].shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(small[0], small[1], window)
    shift = np.array([[1, 0, x * _SMALLER], [0, 1, y * _SMALLER]])
    return np.asarray(cv2.warpAffine(picture, shift, size, borderMode=cv2.BORDER_REPLICATE))


def _soften(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), _SOFT))
