"""A smooth warp on top of a transform: how a telecine's tube or shrunken film bends a picture."""

import numpy as np
import torch

from unfade.align.transform.ladder import folds, robust_weights
from unfade.geometry.warp import displacement

_ROWS, _COLUMNS = 6, 8
"""Nodes of the warp, down and across: it bends no faster than a few times a picture."""
_STIFFNESS = 40.0
"""Points that the warp's bending weighs as much as: on the real frame of `benchmarks/alignment.py`
a fifth of what there are, in a film of many pairs next to nothing."""
_TRACE = 1e-4
"""Weight of the nodes' own size, so that none runs away where there is no block."""
_CLEARLY_BETTER = 0.9
"""Share of the error without a warp that the error with it may have at most."""
_LEAST_GAIN = 0.05
"""Pixels that a warp has to bring nearer, in the middle of the blocks."""
_FEWEST = 60
"""Blocks that a warp is fitted to at least."""
_ROUNDS = 8


def fit_smooth(
    points: np.ndarray, shifts: np.ndarray, height: int, width: int
) -> np.ndarray | None:
    """A smooth warp that takes up the shifts of blocks, if it does so on blocks kept apart.

    Args:
        points: middles of the blocks, float (n, 2), on the source's raster.
        shifts: how far each is off, float (n, 2) pixels, x and y.
        height: of the raster, in pixels.
        width: of the raster, in pixels.

    Returns:
        Displacements of the nodes, float64 (2, rows, columns) pixels, or none where a warp does
        not clearly help.
    """
    if len(points) < _FEWEST:
        return None
    basis = _basis(points, height, width)
    black = folds(points)
    with_warp = np.empty(len(points))
    for fold in (black, ~black):
        if (~fold).sum() < _FEWEST // 3:
            return None
        nodes = _solve(basis[~fold], shifts[~fold])
        with_warp[fold] = np.linalg.norm(shifts[fold] - basis[fold] @ nodes, axis=1)
    before = float(np.median(np.linalg.norm(shifts, axis=1)))
    after = float(np.median(with_warp))
    if after > min(_CLEARLY_BETTER * before, before - _LEAST_GAIN):
        return None
    return np.asarray(_solve(basis, shifts).T.reshape(2, _ROWS, _COLUMNS))


def at_points(nodes: np.ndarray, points: np.ndarray, height: int, width: int) -> np.ndarray:
    """The displacement of a warp at points (n, 2): (n, 2) pixels."""
    return np.asarray(_basis(points, height, width) @ nodes.reshape(2, -1).T)


def _basis(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """What each node contributes at each point: float64 (n, rows * columns)."""
    nodes = torch.eye(_ROWS * _COLUMNS, dtype=torch.float64).reshape(-1, _ROWS, _COLUMNS)
    place = torch.from_numpy(np.asarray(points, np.float64))[None]
    return displacement(nodes, place, height, width)[:, 0].T.numpy()


def _solve(basis: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """The nodes that agree best with the shifts and bend least: (rows * columns, 2)."""
    bending = _bending()
    weight = np.ones(len(shifts))
    for _ in range(_ROUNDS):
        weighted = basis * weight[:, None]
        nodes = np.linalg.solve(weighted.T @ basis + _STIFFNESS * bending, weighted.T @ shifts)
        weight = robust_weights(np.linalg.norm(shifts - basis @ nodes, axis=1))
    return np.asarray(nodes)


def _bending() -> np.ndarray:
    """The quadratic form of the nodes' mean squared second differences, and of their size."""
    index = np.arange(_ROWS * _COLUMNS).reshape(_ROWS, _COLUMNS)
    triples = np.array(
        [line[k : k + 3] for line in (*index, *index.T) for k in range(len(line) - 2)]
    )
    second = np.zeros((len(triples), index.size))
    np.put_along_axis(second, triples, np.array([[1.0, -2.0, 1.0]]), axis=1)
    return np.asarray(second.T @ second / len(triples) + _TRACE * np.eye(index.size) / index.size)
