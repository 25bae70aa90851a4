"""The simplest transform that holds points together, as points kept apart from its fit tell.

Matrices are 3x3 float64 and map (x, y, 1); points are (n, 2).
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from unfade.film.alignment import TransformKind

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

FOLD_CELL = 96.0
"""Pixels a side of the cells, laid out like a chessboard, that are kept apart by turns: wider than
a block of the residual."""
CLEARLY_BETTER = 0.6
"""Share of a simpler transform's error that a richer one may have at most to be preferred. Where a
picture has no features a richer one runs away; on a real frame a homography that took off a third
was up to 3.7 px off there, the affine transform 0.7 px."""
_NOISE = 0.05
"""Pixels that errors differ by chance."""
_POINTS_A_NUMBER = 3
"""Points for each number of a transform that a fit asks for."""
_ROUNDS = 8
_LEAST_SPREAD = 0.1
"""Pixels; points that agree better than that have no outliers."""


def climb(
    there: np.ndarray,
    here: np.ndarray,
    kinds: Sequence[TransformKind],
    better: float = CLEARLY_BETTER,
) -> np.ndarray:
    """The matrix of the simplest of some kinds that takes points `there` to points `here`.

    Each is fitted to the points of the black cells and tried on those of the white ones, and the
    other way round. A richer kind is taken only where it is clearly better on those kept apart.

    Args:
        there: float (n, 2), at least one.
        here: the same.
        kinds: from the simplest to the richest.
        better: share of a simpler kind's error that a richer one's may have at most.
    """
    black = folds(here)
    best, best_error = kinds[0], np.inf
    for kind in kinds:
        fit, numbers = _FITS[kind]
        if min(black.sum(), (~black).sum()) * 2 < _POINTS_A_NUMBER * numbers:
            continue
        errors = np.empty(len(here))
        for fold in (black, ~black):
            errors[fold] = misfit(robust(fit, there[~fold], here[~fold]), there[fold], here[fold])
        error = float(np.median(errors))
        if error < min(better * best_error, best_error - _NOISE):
            best, best_error = kind, error
    return robust(_FITS[best][0], there, here)


def folds(points: np.ndarray) -> np.ndarray:
    """Which points lie in black cells of a chessboard: bool (n,)."""
    cells = np.floor(points / FOLD_CELL).astype(np.int64)
    return np.asarray(cells.sum(axis=1) % 2 == 0)


def misfit(matrix: np.ndarray, there: np.ndarray, here: np.ndarray) -> np.ndarray:
    """How far each point is off under a matrix: (n,) pixels."""
    placed = cv2.perspectiveTransform(np.asarray(there, np.float64)[None], matrix)[0]
    return np.asarray(np.linalg.norm(placed - here, axis=1))


def robust(fit: Fit, there: np.ndarray, here: np.ndarray) -> np.ndarray:
    """A fit by iteratively reweighted least squares, so that outliers do not take part."""
    weight = np.ones(len(here))
    for _ in range(_ROUNDS):
        matrix = fit(there, here, weight)
        weight = robust_weights(misfit(matrix, there, here))
    return matrix


def robust_weights(distance: np.ndarray) -> np.ndarray:
    """Weights of points that are so far off, (n,): those beyond the spread of most count little."""
    spread = max(1.4826 * float(np.median(distance)), _LEAST_SPREAD)
    return np.asarray(1.0 / (1.0 + (distance / (2.0 * spread)) ** 2) ** 2)


def kind_of(matrix: np.ndarray) -> TransformKind:
    """The simplest kind that a matrix is of."""
    (a, b, _), (c, d, _), bottom = matrix / matrix[2, 2]
    if not np.allclose(bottom, (0, 0, 1), atol=1e-9):
        return "homography"
    if not np.allclose((a, b), (d, -c), atol=1e-6):
        return "affine"
    return "translation" if np.allclose((a, b), (1, 0), atol=1e-6) else "similarity"


def _translation(there: np.ndarray, here: np.ndarray, weight: np.ndarray) -> np.ndarray:
    shift = np.average(here - there, axis=0, weights=weight)
    return np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])


def _similarity(there: np.ndarray, here: np.ndarray, weight: np.ndarray) -> np.ndarray:
    x, y = there.T
    one, none = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.stack([x, -y, one, none], 1), np.stack([y, x, none, one], 1)])
    a, b, shift_x, shift_y = _solve(rows, here.T.ravel(), np.tile(weight, 2))
    return np.array([[a, -b, shift_x], [b, a, shift_y], [0, 0, 1]])


def _affine(there: np.ndarray, here: np.ndarray, weight: np.ndarray) -> np.ndarray:
    rows = np.column_stack([there, np.ones(len(there))])
    return np.vstack([_solve(rows, here, weight).T, [0, 0, 1]])


def _homography(there: np.ndarray, here: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """By the direct linear transform, in units in which the points lie about 1 from their middle.

    Source: Hartley, Zisserman, "Multiple AlignedPair Geometry", 2003, algorithm 4.2.
    """
    into, out = _unit(there), _unit(here)
    x, y = (there @ into[:2, :2].T + into[:2, 2]).T
    u, v = (here @ out[:2, :2].T + out[:2, 2]).T
    one, none = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate(
        [
            np.stack([x, y, one, none, none, none, -u * x, -u * y], 1),
            np.stack([none, none, none, x, y, one, -v * x, -v * y], 1),
        ]
    )
    matrix = np.append(_solve(rows, np.concatenate([u, v]), np.tile(weight, 2)), 1.0).reshape(3, 3)
    whole = np.linalg.inv(out) @ matrix @ into
    return np.asarray(whole / whole[2, 2])


def _unit(points: np.ndarray) -> np.ndarray:
    """The matrix that puts the points' middle to 0 and their mean distance from it to 1."""
    middle = points.mean(axis=0)
    scale = 1.0 / max(float(np.linalg.norm(points - middle, axis=1).mean()), 1e-9)
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])


def _solve(rows: np.ndarray, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    root = np.sqrt(weight)
    weighted = values * (root if values.ndim == 1 else root[:, None])
    return np.asarray(np.linalg.lstsq(rows * root[:, None], weighted, rcond=None)[0])


_FITS: dict[TransformKind, tuple[Fit, int]] = {
    "translation": (_translation, 2),
    "similarity": (_similarity, 4),
    "affine": (_affine, 6),
    "homography": (_homography, 8),
}
"""How a kind is fitted, and how many numbers it has."""
