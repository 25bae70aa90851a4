"""The contact sheet of pairs, for review before training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

import torch
from torch import Tensor

from unfade.drawing.canvas import FAINT_LEVEL, blank_canvas, fit, fit_width, paste, set_text
from unfade.film.pair import Pair, PairList, pairs_by_shot
from unfade.film.shot import Shot
from unfade.film.wording import counted

_TILE_PX = 256
"""Width of a small picture: twice a proxy."""
_MARGIN_PX = 28
"""Space around the page."""
_GAP_PX = 14
"""Space between pairs."""
_LABEL_PX = 130
"""Width of the column with the names of the shots."""
_HEADER_PX = 84
"""Height of the title and the legend."""
_CAPTION_PX = 44
"""Height of the two lines under a pair."""
_EDGE_PX = 4
"""Width of the frame around a hold-out."""
_SHOTS_PER_PAGE = 12
"""Number of rows of a page, which keeps its height within a few screens."""
_MIN_WIDTH_PX = 1000
"""Smallest width of a page: the title and the legend fit."""
_MIN_ROW_PX = 70
"""Smallest height of a row: the three lines of its label fit."""
_HOLDOUT_RGB = (1.0, 0.69, 0.18)
"""Colour of hold-outs."""
_PERSON_RGB = (0.45, 0.78, 1.0)
"""Colour of pairs fixed by a person."""
_CAPTION_LETTERS = 34
"""Number of letters that fit under a pair."""


@dataclass(frozen=True)
class Tile:
    """A pair with its two small pictures, (3, h, w) display values."""

    pair: Pair
    source: Tensor
    reference: Tensor


def draw_pages(
    title: str,
    chosen: PairList,
    tile: Callable[[Pair], Tile],
    *,
    several: bool = False,
) -> Iterator[Tensor]:
    """Contact sheets, (3, H, W): a row per shot, the source of each pair above its reference.

    Args:
        title: title of the film.
        chosen: shots of the source, and their pairs.
        tile: returns the small pictures of a pair; called page by page, so that memory holds one
            page.
        several: whether there are several references, so that captions name them.
    """
    shots, pairs = chosen.shots, chosen.pairs
    pages = [
        shots[start : start + _SHOTS_PER_PAGE] for start in range(0, len(shots), _SHOTS_PER_PAGE)
    ]
    rows, elsewhere = pairs_by_shot(pairs), chosen.pairs_in_rest_of_scenes()
    max_pairs = max([0, *(len(row) for row in rows.values())])
    width = max(
        _MIN_WIDTH_PX, 2 * _MARGIN_PX + _LABEL_PX + max_pairs * (_TILE_PX + 2 * _EDGE_PX + _GAP_PX)
    )
    for number, page in enumerate(pages, start=1):
        header = _header(
            title, f"{counted(len(pairs), 'pair')}, page {number} of {len(pages)}", width
        )
        row_pictures = [
            _row(
                shot,
                [_block(tile(pair), several) for pair in rows.get(shot.number, [])],
                elsewhere[shot.number],
                width,
            )
            for shot in page
        ]
        yield torch.cat([header, *row_pictures], dim=1)


def _header(title: str, subtitle: str, width: int) -> Tensor:
    header = blank_canvas(_HEADER_PX, width)
    set_text(header, title, _MARGIN_PX, 40, size=22)
    set_text(header, subtitle, _MARGIN_PX, 64, shade=FAINT_LEVEL)
    legend = (("hold-out", _HOLDOUT_RGB, 290), ("fixed by a person", _PERSON_RGB, 190))
    for label, colour, left in legend:
        _fill(header, width - _MARGIN_PX - left, 29, 12, 12, colour)
        set_text(header, label, width - _MARGIN_PX - left + 20, 40)
    set_text(
        header, "source above, reference below", width - _MARGIN_PX - 290, 64, shade=FAINT_LEVEL
    )
    return header


def _row(shot: Shot, blocks: list[Tensor], scene_pairs: int, width: int) -> Tensor:
    """A shot's name and its pairs, from left to right; `scene_pairs` is the number of pairs of the
    other shots of its scene."""
    height = max([_MIN_ROW_PX, *(block.shape[1] for block in blocks)]) + 2 * _GAP_PX
    row = blank_canvas(height, width)
    _fill(row, _MARGIN_PX, 0, width - 2 * _MARGIN_PX, 1, (0.25, 0.25, 0.25))
    top = _GAP_PX + 20
    set_text(row, shot.name, _MARGIN_PX, top, size=18)
    frames = shot.frames
    set_text(row, f"{frames.first} to {frames.last}", _MARGIN_PX, top + 24, shade=FAINT_LEVEL)
    set_text(row, counted(len(frames), "frame"), _MARGIN_PX, top + 44, shade=FAINT_LEVEL)
    left = _MARGIN_PX + _LABEL_PX
    if not blocks:
        remark = f"no pair of its own; its scene has {scene_pairs}" if scene_pairs else "no pair"
        set_text(row, remark, left, top, shade=FAINT_LEVEL)
    for block in blocks:
        paste(row, block, left, _GAP_PX)
        left += block.shape[2] + _GAP_PX
    return row


def _block(tile: Tile, several: bool) -> Tensor:
    """One pair: source, reference in the source's shape, caption; a frame around a hold-out."""
    source = fit_width(tile.source, _TILE_PX)
    pictures = torch.cat([source, fit(tile.reference, source.shape[1], _TILE_PX)], dim=1)
    height = pictures.shape[1]
    block = blank_canvas(height + 2 * _EDGE_PX + _CAPTION_PX, _TILE_PX + 2 * _EDGE_PX)
    pair = tile.pair
    if pair.role != "train":
        _fill(block, 0, 0, _TILE_PX + 2 * _EDGE_PX, height + 2 * _EDGE_PX, _HOLDOUT_RGB)
    paste(block, pictures, _EDGE_PX, _EDGE_PX)
    reference_name = str(pair.reference) if pair.picture is None else PurePath(pair.picture).name
    if several and pair.of is not None:
        reference_name += f" of {pair.of}"
    base = height + 2 * _EDGE_PX + 17
    left = _EDGE_PX
    if pair.chosen_by == "person":
        _fill(block, left, base - 10, 10, 10, _PERSON_RGB)
        left += 17
    set_text(block, f"{pair.source} with {reference_name}"[:_CAPTION_LETTERS], left, base)
    similarity = "" if pair.similarity is None else f"similarity {pair.similarity:.3f}"
    remark = (pair.note or similarity)[:_CAPTION_LETTERS]
    set_text(block, remark, _EDGE_PX, base + 20, size=12, shade=FAINT_LEVEL)
    return block


def _fill(
    canvas: Tensor, x: int, y: int, width: int, height: int, colour: tuple[float, float, float]
) -> None:
    canvas[:, y : y + height, x : x + width] = torch.tensor(colour)[:, None, None]
