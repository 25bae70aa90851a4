"""Draws a constructed frame with its assumptions: every point, its colour, source and author."""

from bisect import bisect_left
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.srgb import working_rgb
from unfade.construct.frame import ConstructedFrame
from unfade.construct.stated import StatedPoint
from unfade.drawing.canvas import (
    BACKGROUND_LEVEL,
    FAINT_LEVEL,
    TEXT_LEVEL,
    TEXT_SIZE_PX,
    blank_canvas,
    fit,
    paste,
    set_text,
    text_width,
)
from unfade.drawing.sheets import GAP_PX, LINE_SPACING_PX, MARGIN_PX, SHEET_WIDTH_PX

_SWATCH_PX = 22
"""Side of the square that shows a stated colour."""
_MARK_PX = 5
"""Half the side of the mark at a place."""
_SHOWN_DEVIATION = 0.05
"""Standard deviation of chroma that is drawn white: as much as a start without points."""
_PICTURE_WIDTH_PX = (SHEET_WIDTH_PX - 2 * MARGIN_PX - 2 * GAP_PX) // 3
_COLUMNS_PX = (0, 36, 70, 170, 330, 760)
"""Left edges of number, swatch, colour, author, source and note."""


def draw_assumptions(frame: ConstructedFrame, pixel_aspect: Fraction) -> Tensor:
    """A sheet (3, H, W): the faded frame, the constructed one with its points, where it is
    uncertain, and the list of points.

    Args:
        frame: with its points.
        pixel_aspect: width / height of a pixel of the scan.
    """
    size = frame.faded.source_rgb.shape[1:]
    pictures = (frame.faded.source_rgb, frame.rgb, draw_uncertainty(frame, *size))
    small = [_shown(picture, pixel_aspect) for picture in pictures]
    _mark_points(small[1], frame)
    top = MARGIN_PX + LINE_SPACING_PX
    first_line = top + small[0].shape[1] + 2 * LINE_SPACING_PX
    height = first_line + (len(frame.points) + 1) * (_SWATCH_PX + GAP_PX) + MARGIN_PX
    sheet = blank_canvas(height, SHEET_WIDTH_PX)
    titles = (f"Scan, frame {frame.number}", "Constructed", "Uncertainty of its colour")
    for index, (title, picture) in enumerate(zip(titles, small, strict=True)):
        left = MARGIN_PX + index * (_PICTURE_WIDTH_PX + GAP_PX)
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
    inner = SHEET_WIDTH_PX - 2 * MARGIN_PX
    for left, right, text in zip(_COLUMNS_PX, (*_COLUMNS_PX[1:], inner), words, strict=True):
        set_text(sheet, _cut(text, right - left - GAP_PX), MARGIN_PX + left, y, shade=shade)


def _cut(text: str, width: int) -> str:
    """A text on one line, cut with dots to a width in pixels; the record has all of it."""
    line = " ".join(text.split())
    if text_width(line) <= width:
        return line
    too_long = bisect_left(
        range(len(line)), width + 1, key=lambda length: text_width(f"{line[:length]}...")
    )
    return f"{line[: too_long - 1]}..."


def _shown(picture: Tensor, pixel_aspect: Fraction) -> Tensor:
    """A picture in square pixels, as wide as a third of the sheet."""
    height = round(picture.shape[-2] * _PICTURE_WIDTH_PX / (picture.shape[-1] * pixel_aspect))
    return fit(picture, max(height, 1), _PICTURE_WIDTH_PX)


def _mark_points(shown: Tensor, frame: ConstructedFrame) -> None:
    """Draws a numbered square at each place of a point over the frame as it is shown."""
    (height, width), (rows, columns) = shown.shape[1:], frame.faded.source_rgb.shape[1:]
    for number, point in enumerate(frame.points, start=1):
        at = [(round(x * width / columns), round(y * height / rows)) for x, y in point.places]
        for x, y in at:
            _mark(shown, x, y, point)
        x, y = at[0][0] + _MARK_PX + 3, at[0][1] + TEXT_SIZE_PX // 2
        for shift, shade in ((1, BACKGROUND_LEVEL), (0, TEXT_LEVEL)):
            left, top = min(x, width - TEXT_SIZE_PX) + shift, max(y, TEXT_SIZE_PX) + shift
            set_text(shown, str(number), left, top, shade=shade)


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
