"""The sheet of ground truths, by pairs: the faded scan, the reference as it was laid on the scan,
the ground truth with the luma of the one and the chroma of the other, and the confidence in it."""

from collections.abc import Sequence

from torch import Tensor

from unfade.drawing.sheets import SHEET_WIDTH_PX, grid
from unfade.film.pair import ROLE_LABELS, Pair

CELL_WIDTH_PX = SHEET_WIDTH_PX // 4
"""Width to which pictures are shrunk before they wait for their sheet; cells are a little less."""

PAIRS_PER_SHEET = 12
"""Rows of a sheet: few enough for a screen or two, and their pictures take 20 MB of memory."""

_COLUMNS = ("faded scan", "reference, aligned", "ground truth", "confidence")


def draw_sheet(rows: Sequence[tuple[Pair, Sequence[Tensor]]]) -> Tensor:
    """A sheet (3, H, W).

    Args:
        rows: pairs with their pictures (3, h, w): scan, aligned reference, ground truth, weight.
    """
    labels = [
        f"shot {pair.shot}\nframe {pair.source}\n{ROLE_LABELS[pair.role]}" for pair, _ in rows
    ]
    return grid([pictures for _, pictures in rows], _COLUMNS, labels, SHEET_WIDTH_PX)
