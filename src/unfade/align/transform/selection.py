"""Selection of the simplest transform that explains point matches, by cross-validation.

Matrices are 3x3 float64 and map (x, y, 1); points are (n, 2).
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from unfade.film.alignment import TransformKind

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""A weighted least-squares fit: points, target points and weights to a matrix."""

FOLD_CELL_PX = 96.0
"""Width and height of the checkerboard cells that are held out in turn: wider than a block of the
residual, because adjacent blocks share pixels."""
MAX_ERROR_RATIO = 0.6
"""Held-out error of a richer transform, as a share of a simpler one's, up to which it is preferred.
Where a picture has no features, a richer transform extrapolates badly: on a real frame a homography
that reduced the error by a third was up to 3.7 px off there, the affine transform 0.7 px."""
_MIN_GAIN_PX = 0.05
"""Reduction of the held-out error required of a richer transform, because smaller differences are
noise."""
_POINTS_PER_PARAMETER = 3
"""Number of points per parameter of a transform that a fit requires."""
_FIT_ROUNDS = 8
"""Number of iterations of reweighted least squares: a fixed number bounds the cost."""
_MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution relative to its median absolute deviation."""
_MIN_SPREAD_PX = 0.1
"""Smallest spread assumed for errors, because points that agree better have no outliers."""


def select_transform(
    from_points: np.ndarray,
    to_points: np.ndarray,
    kinds: Sequence[TransformKind],
    max_error_ratio: float = MAX_ERROR_RATIO,
) -> np.ndarray:
    """The matrix of the simplest kind of transform from `from_points` to `to_points`.

    Each kind is fitted to the points in black cells of a checkerboard and tested on those in white
    cells, and vice versa. A richer kind is selected only if its held-out error is clearly smaller.

    Args:
        from_points: float (n, 2), at least one.
        to_points: float (n, 2).
        kinds: from the simplest to the richest.
        max_error_ratio: held-out error of a richer kind, as a share of a simpler one's, up to which
            it is preferred.
    """
    black = checkerboard_fold(to_points)
    best, best_error = kinds[0], np.inf
    for kind in kinds:
        fit, parameters = _FITS[kind]
        if min(black.sum(), (~black).sum()) * 2 < _POINTS_PER_PARAMETER * parameters:
            continue
        errors = np.empty(len(to_points))
        for fold in (black, ~black):
            errors[fold] = transfer_error(
                fit_robust(fit, from_points[~fold], to_points[~fold]),
                from_points[fold],
                to_points[fold],
            )
        error = float(np.median(errors))
        if error < min(max_error_ratio * best_error, best_error - _MIN_GAIN_PX):
            best, best_error = kind, error
    return fit_robust(_FITS[best][0], from_points, to_points)


def fit_transform(
    kind: TransformKind, from_points: np.ndarray, to_points: np.ndarray
) -> np.ndarray:
    """The matrix of one kind of transform, by least squares without weights."""
    fit, _ = _FITS[kind]
    return fit(from_points, to_points, np.ones(len(to_points)))


def checkerboard_fold(points: np.ndarray) -> np.ndarray:
    """Bool (n,): points that lie in black cells of a checkerboard."""
    cells = np.floor(points / FOLD_CELL_PX).astype(np.int64)
    return np.asarray(cells.sum(axis=1) % 2 == 0)


def transfer_error(
    matrix: np.ndarray, from_points: np.ndarray, to_points: np.ndarray
) -> np.ndarray:
    """Distance of each transformed point from its target, (n,) pixels."""
    transformed = cv2.perspectiveTransform(np.asarray(from_points, np.float64)[None], matrix)[0]
    return np.asarray(np.linalg.norm(transformed - to_points, axis=1))


def fit_robust(fit: Fit, from_points: np.ndarray, to_points: np.ndarray) -> np.ndarray:
    """A fit by iteratively reweighted least squares, which suppresses outliers."""
    weights = np.ones(len(to_points))
    for _ in range(_FIT_ROUNDS):
        matrix = fit(from_points, to_points, weights)
        weights = robust_weights(transfer_error(matrix, from_points, to_points))
    return matrix


def robust_weights(distance: np.ndarray) -> np.ndarray:
    """Weights (n,) of points by their errors in pixels: small beyond twice the robust spread."""
    spread = max(_MAD_TO_SIGMA * float(np.median(distance)), _MIN_SPREAD_PX)
    return np.asarray(1.0 / (1.0 + (distance / (2.0 * spread)) ** 2) ** 2)


def kind_of(matrix: np.ndarray) -> TransformKind:
    """The simplest kind that describes a matrix."""
    (a, b, _), (c, d, _), bottom = matrix / matrix[2, 2]
    if not np.allclose(bottom, (0, 0, 1), atol=1e-9):
        return "homography"
    if not np.allclose((a, b), (d, -c), atol=1e-6):
        return "affine"
    return "translation" if np.allclose((a, b), (1, 0), atol=1e-6) else "similarity"


def _translation(from_points: np.ndarray, to_points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    shift = np.average(to_points - from_points, axis=0, weights=weight)
    return np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])


def _similarity(from_points: np.ndarray, to_points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    x, y = from_points.T
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.stack([x, -y, ones, zeros], 1), np.stack([y, x, zeros, ones], 1)])
    a, b, shift_x, shift_y = _weighted_least_squares(rows, to_points.T.ravel(), np.tile(weight, 2))
    return np.array([[a, -b, shift_x], [b, a, shift_y], [0, 0, 1]])


def _affine(from_points: np.ndarray, to_points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    rows = np.column_stack([from_points, np.ones(len(from_points))])
    return np.vstack([_weighted_least_squares(rows, to_points, weight).T, [0, 0, 1]])


def _homography(from_points: np.ndarray, to_points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The direct linear transform, on points normalised to mean distance 1 from their mean.

    Source: Hartley, Zisserman, "Multiple View Geometry", 2003, algorithm 4.2.
    """
    normalise_from, normalise_to = _normalisation(from_points), _normalisation(to_points)
    x, y = (from_points @ normalise_from[:2, :2].T + normalise_from[:2, 2]).T
    u, v = (to_points @ normalise_to[:2, :2].T + normalise_to[:2, 2]).T
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate(
        [
            np.stack([x, y, ones, zeros, zeros, zeros, -u * x, -u * y], 1),
            np.stack([zeros, zeros, zeros, x, y, ones, -v * x, -v * y], 1),
        ]
    )
    matrix = np.append(
        _weighted_least_squares(rows, np.concatenate([u, v]), np.tile(weight, 2)), 1.0
    ).reshape(3, 3)
    whole = np.linalg.inv(normalise_to) @ matrix @ normalise_from
    return np.asarray(whole / whole[2, 2])


def _normalisation(points: np.ndarray) -> np.ndarray:
    """The matrix that moves the points' mean to 0 and scales their mean distance from it to 1."""
    mean = points.mean(axis=0)
    scale = 1.0 / max(float(np.linalg.norm(points - mean, axis=1).mean()), 1e-9)
    return np.array([[scale, 0, -scale * mean[0]], [0, scale, -scale * mean[1]], [0, 0, 1]])


def _weighted_least_squares(rows: np.ndarray, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    root_weight = np.sqrt(weight)
    weighted = values * (root_weight if values.ndim == 1 else root_weight[:, None])
    return np.asarray(np.linalg.lstsq(rows * root_weight[:, None], weighted, rcond=None)[0])


_FITS: dict[TransformKind, tuple[Fit, int]] = {
    "translation": (_translation, 2),
    "similarity": (_similarity, 4),
    "affine": (_affine, 6),
    "homography": (_homography, 8),
}
"""The fit of each kind, and its number of parameters."""
