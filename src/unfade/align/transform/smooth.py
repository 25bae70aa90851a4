"""A smooth warp in addition to a transform: the distortion of a telecine's tube or of shrunken
film."""

import numpy as np
import torch

from unfade.align.transform.selection import checkerboard_fold, robust_weights
from unfade.geometry.warp import displacement

_ROWS, _COLUMNS = 6, 8
"""Nodes of the warp, down and across: enough for a few bends per picture, as a tube makes."""
_STIFFNESS_POINTS = 40.0
"""Weight of the bending energy, in points: on the real frame of `benchmarks/alignment.py` a fifth
of the number of points, in a film of many pairs almost none."""
_SIZE_WEIGHT = 1e-4
"""Weight of the squared displacements themselves, so that nodes without blocks stay near 0."""
_MAX_ERROR_RATIO = 0.9
"""Held-out error with a warp, as a share of the error without, up to which the warp is used."""
_MIN_GAIN_PX = 0.05
"""Reduction of the median held-out error required of a warp."""
_MIN_BLOCKS = 60
"""Number of blocks required to fit a warp: more than its 48 nodes."""
_FIT_ROUNDS = 8
"""Number of iterations of reweighted least squares: a fixed number bounds the cost."""


def fit_smooth(
    points: np.ndarray, shifts: np.ndarray, height: int, width: int
) -> np.ndarray | None:
    """A smooth warp that explains the shifts of blocks, if it also explains those of held-out
    blocks.

    Args:
        points: centres of the blocks, float (n, 2), on the source's raster.
        shifts: shifts of the blocks, float (n, 2) pixels, x and y.
        height: height of the raster, in pixels.
        width: width of the raster, in pixels.

    Returns:
        Displacements of the nodes, float64 (2, rows, columns) pixels; none if a warp does not
        clearly reduce the held-out error.
    """
    if len(points) < _MIN_BLOCKS:
        return None
    basis = _basis(points, height, width)
    black_cells = checkerboard_fold(points)
    held_out_errors = np.empty(len(points))
    for fold in (black_cells, ~black_cells):
        if (~fold).sum() < _MIN_BLOCKS // 3:
            return None
        nodes = _solve(basis[~fold], shifts[~fold])
        held_out_errors[fold] = np.linalg.norm(shifts[fold] - basis[fold] @ nodes, axis=1)
    error_without = float(np.median(np.linalg.norm(shifts, axis=1)))
    error_with = float(np.median(held_out_errors))
    if error_with > min(_MAX_ERROR_RATIO * error_without, error_without - _MIN_GAIN_PX):
        return None
    return np.asarray(_solve(basis, shifts).T.reshape(2, _ROWS, _COLUMNS))


def at_points(nodes: np.ndarray, points: np.ndarray, height: int, width: int) -> np.ndarray:
    """The displacement of a warp at points (n, 2): (n, 2) pixels."""
    return np.asarray(_basis(points, height, width) @ nodes.reshape(2, -1).T)


def _basis(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Contribution of each node at each point: float64 (n, rows * columns)."""
    nodes = torch.eye(_ROWS * _COLUMNS, dtype=torch.float64).reshape(-1, _ROWS, _COLUMNS)
    positions = torch.from_numpy(np.asarray(points, np.float64))[None]
    return displacement(nodes, positions, height, width)[:, 0].T.numpy()


def _solve(basis: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """The nodes that minimise squared residuals plus bending energy: (rows * columns, 2)."""
    bending = _bending()
    weights = np.ones(len(shifts))
    for _ in range(_FIT_ROUNDS):
        weighted = basis * weights[:, None]
        nodes = np.linalg.solve(
            weighted.T @ basis + _STIFFNESS_POINTS * bending, weighted.T @ shifts
        )
        weights = robust_weights(np.linalg.norm(shifts - basis @ nodes, axis=1))
    return np.asarray(nodes)


def _bending() -> np.ndarray:
    """Quadratic form of the nodes' mean squared second differences, plus that of their size."""
    index = np.arange(_ROWS * _COLUMNS).reshape(_ROWS, _COLUMNS)
    triples = np.array(
        [line[k : k + 3] for line in (*index, *index.T) for k in range(len(line) - 2)]
    )
    second_differences = np.zeros((len(triples), index.size))
    np.put_along_axis(second_differences, triples, np.array([[1.0, -2.0, 1.0]]), axis=1)
    return np.asarray(
        second_differences.T @ second_differences / len(triples)
        + _SIZE_WEIGHT * np.eye(index.size) / index.size
    )
