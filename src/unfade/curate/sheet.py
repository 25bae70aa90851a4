"""The contact sheet of pairs: what people look at before anything is trained."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

import torch
from torch import Tensor

from unfade.drawing.canvas import FAINT_LEVEL, blank_canvas, fit, fit_width, paste, set_text
from unfade.film.pair import Pair, PairList
from unfade.film.shot import Shot

_TILE = 256
"""Pixels across of a small picture: twice a proxy."""
_MARGIN = 28
_GAP = 14
_LABEL = 130
"""Pixels across of the column that names the shots."""
_HEADER = 84
_CAPTION = 44
_EDGE = 4
"""Pixels of the frame around a hold-out."""
_SHOTS_PER_PAGE = 12
_LEAST_WIDTH = 1000
_LEAST_ROW = 70
_HOLDOUT = (1.0, 0.69, 0.18)
_PERSON = (0.45, 0.78, 1.0)
_CAPTION_LETTERS = 34


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
    """Contact sheets, (3, H, W): a row per shot, each pair's source above its reference.

    Args:
        title: of the film.
        chosen: the shots of the source, and their pairs.
        tile: gives the small pictures of a pair; it is asked page by page, as pages are drawn.
        several: whether there are several references, so that a pair must say which is its.
    """
    shots, pairs = chosen.shots, chosen.pairs
    pages = [shots[at : at + _SHOTS_PER_PAGE] for at in range(0, len(shots), _SHOTS_PER_PAGE)]
    rows = {shot.number: [pair for pair in pairs if pair.shot == shot.number] for shot in shots}
    most = max([0, *(len(row) for row in rows.values())])
    width = max(_LEAST_WIDTH, 2 * _MARGIN + _LABEL + most * (_TILE + 2 * _EDGE + _GAP))
    for number, page in enumerate(pages, start=1):
        header = _header(title, f"{len(pairs)} pairs, page {number} of {len(pages)}", width)
        drawn = [
            _row(
                shot,
                [_block(tile(pair), several) for pair in rows[shot.number]],
                chosen.pairs_in_rest_of_scene(shot.number),
                width,
            )
            for shot in page
        ]
        yield torch.cat([header, *drawn], dim=1)


def _header(title: str, subtitle: str, width: int) -> Tensor:
    header = blank_canvas(_HEADER, width)
    set_text(header, title, _MARGIN, 40, size=22)
    set_text(header, subtitle, _MARGIN, 64, shade=FAINT_LEVEL)
    keys = (("hold-out", _HOLDOUT, 290), ("fixed by a person", _PERSON, 190))
    for words, colour, left in keys:
        _fill(header, width - _MARGIN - left, 29, 12, 12, colour)
        set_text(header, words, width - _MARGIN - left + 20, 40)
    set_text(header, "source above, reference below", width - _MARGIN - 290, 64, shade=FAINT_LEVEL)
    return header


def _row(shot: Shot, blocks: list[Tensor], beside: int, width: int) -> Tensor:
    """A shot's name and its pairs, from left to right; `beside` are those of its scene."""
    height = max([_LEAST_ROW, *(block.shape[1] for block in blocks)]) + 2 * _GAP
    row = blank_canvas(height, width)
    _fill(row, _MARGIN, 0, width - 2 * _MARGIN, 1, (0.25, 0.25, 0.25))
    top = _GAP + 20
    set_text(row, shot.name, _MARGIN, top, size=18)
    frames = shot.frames
    set_text(row, f"{frames.first} to {frames.last}", _MARGIN, top + 24, shade=FAINT_LEVEL)
    set_text(row, f"{len(frames)} frames", _MARGIN, top + 44, shade=FAINT_LEVEL)
    left = _MARGIN + _LABEL
    if not blocks:
        words = f"no pair of its own; its scene has {beside}" if beside else "no pair"
        set_text(row, words, left, top, shade=FAINT_LEVEL)
    for block in blocks:
        paste(row, block, left, _GAP)
        left += block.shape[2] + _GAP
    return row


def _block(tile: Tile, several: bool) -> Tensor:
    """One pair: source, reference in the source's shape, caption; a hold-out has a frame."""
    upper = fit_width(tile.source, _TILE)
    pictures = torch.cat([upper, fit(tile.reference, upper.shape[1], _TILE)], dim=1)
    height = pictures.shape[1]
    block = blank_canvas(height + 2 * _EDGE + _CAPTION, _TILE + 2 * _EDGE)
    pair = tile.pair
    if pair.role == "holdout":
        _fill(block, 0, 0, _TILE + 2 * _EDGE, height + 2 * _EDGE, _HOLDOUT)
    paste(block, pictures, _EDGE, _EDGE)
    other = str(pair.reference) if pair.picture is None else PurePath(pair.picture).name
    if several and pair.of is not None:
        other += f" of {pair.of}"
    base = height + 2 * _EDGE + 17
    left = _EDGE
    if pair.chosen_by == "person":
        _fill(block, left, base - 10, 10, 10, _PERSON)
        left += 17
    set_text(block, f"{pair.source} with {other}"[:_CAPTION_LETTERS], left, base)
    likeness = "" if pair.similarity is None else f"similarity {pair.similarity:.3f}"
    remark = (pair.note or likeness)[:_CAPTION_LETTERS]
    set_text(block, remark, _EDGE, base + 20, size=12, shade=FAINT_LEVEL)
    return block


def _fill(
    canvas: Tensor, x: int, y: int, width: int, height: int, colour: tuple[float, float, float]
) -> None:
    canvas[:, y : y + height, x : x + width] = torch.tensor(colour)[:, None, None]
