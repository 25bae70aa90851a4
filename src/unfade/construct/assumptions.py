"""Draws a constructed frame with its assumptions: every point, its colour, source and author."""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.construct.frame import ConstructedFrame
from unfade.construct.palettes import working_rgb
from unfade.construct.stated import StatedPoint
from unfade.drawing.canvas import (
    BACKGROUND_LEVEL,
    FAINT_LEVEL,
    TEXT_LEVEL,
    TEXT_SIZE_PX,
    blank_canvas,
    fit_width,
    paste,
    set_text,
)
from unfade.drawing.sheets import GAP_PX, LINE_SPACING_PX, MARGIN_PX, SHEET_WIDTH_PX

_SWATCH_PX = 22
"""Side of the square that shows a stated colour."""
_MARK_PX = 5
"""Half the side of the mark at a place."""
_SHOWN_DEVIATION = 0.05
"""Standard deviation of chroma that is drawn white: as much as a start without points."""
_COLUMNS_PX = (0, 36, 70, 170, 330, 760)
"""Left edges of number, swatch, colour, author, source and note."""


def draw_assumptions(frame: ConstructedFrame) -> Tensor:
    """A sheet (3, H, W): the faded frame, the constructed one with its points, where it is
    uncertain, and the list of points."""
    inner = (SHEET_WIDTH_PX - 2 * MARGIN_PX - 2 * GAP_PX) // 3
    size = frame.faded.source_rgb.shape[1:]
    pictures = (frame.faded.source_rgb, _with_marks(frame), draw_uncertainty(frame, *size))
    small = [fit_width(picture, inner) for picture in pictures]
    top = MARGIN_PX + LINE_SPACING_PX
    first_line = top + small[0].shape[1] + 2 * LINE_SPACING_PX
    height = first_line + (len(frame.points) + 1) * (_SWATCH_PX + GAP_PX) + MARGIN_PX
    sheet = blank_canvas(height, SHEET_WIDTH_PX)
    titles = (f"Scan, frame {frame.number}", "Constructed", "Uncertainty of its colour")
    for index, (title, picture) in enumerate(zip(titles, small, strict=True)):
        left = MARGIN_PX + index * (inner + GAP_PX)
        set_text(sheet, title, left, top - GAP_PX, shade=TEXT_LEVEL)
        paste(sheet, picture, left, top)
    _draw_list(sheet, frame, first_line)
    return sheet


def _draw_list(sheet: Tensor, frame: ConstructedFrame, top: int) -> None:
    left_out = {one.index for one in frame.left_out}
    _draw_row(sheet, top, ("", "", "colour", "by", "known from", "note"), FAINT_LEVEL)
    for index, point in enumerate(frame.points):
        y = top + (index + 1) * (_SWATCH_PX + GAP_PX)
        swatch = working_rgb(point.colour).float()[:, None, None].expand(3, _SWATCH_PX, _SWATCH_PX)
        paste(sheet, swatch, MARGIN_PX + _COLUMNS_PX[1], y - TEXT_SIZE_PX - 2)
        note = point.point.note
        if index in left_out:
            note = f"left out, contradicts the others; {note}".removesuffix("; ")
        words = (str(index + 1), "", point.colour, point.author, point.source, note)
        _draw_row(sheet, y, words, TEXT_LEVEL)


def _draw_row(sheet: Tensor, y: int, words: tuple[str, ...], shade: float) -> None:
    for left, right, text in zip(_COLUMNS_PX, (*_COLUMNS_PX[1:], 1440), words, strict=True):
        letters = (right - left) // (TEXT_SIZE_PX // 2)
        set_text(sheet, text[:letters], MARGIN_PX + left, y, shade=shade)


def _with_marks(frame: ConstructedFrame) -> Tensor:
    """The constructed frame, reduced, with a numbered square at each place of a point."""
    inner = (SHEET_WIDTH_PX - 2 * MARGIN_PX - 2 * GAP_PX) // 3
    scale = inner / frame.rgb.shape[-1]
    marked = fit_width(frame.rgb, inner).clamp(0, 1)
    for number, point in enumerate(frame.points, start=1):
        for column, row in point.places:
            _mark(marked, round(column * scale), round(row * scale), point)
        column, row = point.places[0]
        x, y = round(column * scale) + _MARK_PX + 3, round(row * scale) + TEXT_SIZE_PX // 2
        for shift, shade in ((1, BACKGROUND_LEVEL), (0, TEXT_LEVEL)):
            left, top = min(x, inner - TEXT_SIZE_PX) + shift, max(y, TEXT_SIZE_PX) + shift
            set_text(marked, str(number), left, top, shade=shade)
    return marked


def _mark(picture: Tensor, x: int, y: int, point: StatedPoint) -> None:
    """Draws the stated colour within a light line within a dark one, seen on any picture."""
    colour = working_rgb(point.colour).float()[:, None, None]
    dark, light = (torch.full((3, 1, 1), level) for level in (BACKGROUND_LEVEL, TEXT_LEVEL))
    for size, value in ((_MARK_PX + 2, dark), (_MARK_PX + 1, light), (_MARK_PX - 1, colour)):
        top, left = max(y - size, 0), max(x - size, 0)
        picture[:, top : y + size + 1, left : x + size + 1] = value


def draw_uncertainty(frame: ConstructedFrame, height: int, width: int) -> Tensor:
    """The deviation of chroma over the frame as brightness, (3, height, width)."""
    deviation = (frame.uncertainty / _SHOWN_DEVIATION).clamp(0, 1).float()
    level = BACKGROUND_LEVEL + (1 - BACKGROUND_LEVEL) * deviation
    large = functional.interpolate(level[None, None], size=(height, width), mode="bilinear")
    return large[0].expand(3, -1, -1)
