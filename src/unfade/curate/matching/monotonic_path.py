"""The best monotonic path through a matrix of scores, with costs for repeats and gaps."""

import numpy as np

_REPEAT_COST = 2.0
"""Cost of repeating or skipping one reference frame, in units of the typical dissimilarity."""
_JUMP_COST = 6.0
"""Cost of skipping more than one reference frame, in units of the typical dissimilarity."""


def best_path(score: np.ndarray, still: np.ndarray) -> np.ndarray:
    """The column of each row on the best monotonic path through a score (n, m), by dynamic
    programming.

    Staying on a column costs, except where the picture stands still, bool (m,).
    """
    rows, columns = score.shape
    total = score[0].copy()
    came_from = np.zeros((rows, columns), np.int32)
    column = np.arange(columns, dtype=np.int32)
    staying = np.where(still, 0.0, _REPEAT_COST)
    for row in range(1, rows):
        leader = np.maximum.accumulate(np.where(total >= np.maximum.accumulate(total), column, 0))
        moves = np.stack(
            [
                _shifted(total, 1),
                total - staying,
                _shifted(total, 2) - _REPEAT_COST,
                total[leader] - _JUMP_COST,
            ]
        )
        origins = np.stack([column - 1, column, column - 2, leader])
        best = moves.argmax(axis=0)
        came_from[row] = origins[best, column]
        total = moves[best, column] + score[row]
    path = np.empty(rows, np.int64)
    path[-1] = int(total.argmax())
    for row in range(rows - 1, 0, -1):
        path[row - 1] = came_from[row, path[row]]
    return path


def _shifted(total: np.ndarray, by: int) -> np.ndarray:
    """A row shifted to the right, filled with minus infinity."""
    return np.concatenate([np.full(min(by, len(total)), -np.inf), total[: max(0, len(total) - by)]])


def best_of_repeats(path: np.ndarray, similarity: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Bool (n,): the most similar of the frames that share one reference frame; all of them where
    the picture stands still."""
    order = np.lexsort((-similarity, path))
    best = np.ones(len(path), bool)
    best[1:] = path[order][1:] != path[order][:-1]
    kept = np.zeros(len(path), bool)
    kept[order[best]] = True
    return np.asarray(kept | still[path])
