"""Frames of the review movies: square pixels, even sizes, frame number and timecode below."""

import math

import torch
from torch import Tensor

from unfade.drawing.canvas import blank_canvas, fit, set_text

MAX_WIDTH_PX = 1280
"""Largest width of a review movie: plays smoothly on a laptop. Smaller pictures stay as they are.
"""

_ROUNDING = 1e-6
"""Pairs of pixels by which a product of floats may miss a whole number."""

STRIP_HEIGHT_PX = 44
"""Height of the strip below the picture that holds the text; even, for 4:2:0 video."""

_TEXT_SIZE_PX = 20
"""Height of the text: legible in a movie shown at half its size."""

_MARGIN_PX = 12
"""Space around the text."""


def movie_size(width: int, height: int, pixel_aspect: float) -> tuple[int, int]:
    """Width and height of the picture in a review movie, for pictures of a stored size.

    Both are even, because 4:2:0 video holds chroma for blocks of 2 x 2 pixels; they are rounded
    down, so that a picture that is not scaled loses a line at most.
    """
    wide = width * pixel_aspect
    scale = min(1.0, MAX_WIDTH_PX / wide)
    columns, lines = (math.floor(length * scale / 2 + _ROUNDING) for length in (wide, height))
    return max(2, 2 * columns), max(2, 2 * lines)


def fit_to_movie(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """A picture (3, H, W) scaled to the size (width, height) of pictures in the movie; one that is
    a line or a column larger is cropped and keeps its pixels as they are."""
    width, height = size
    excess = (picture.shape[-1] - width, picture.shape[-2] - height)
    if all(0 <= pixels <= 1 for pixels in excess):
        return picture[..., :height, :width]
    return fit(picture, height, width)


def with_strip(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the frames of a movie whose pictures have a size."""
    return size[0], size[1] + STRIP_HEIGHT_PX


def movie_frame(picture: Tensor, size: tuple[int, int], text: str) -> Tensor:
    """A picture (3, H, W) at a size (width, height), with text on a strip below it: no pixel of the
    picture is covered."""
    width, _ = size
    strip = blank_canvas(STRIP_HEIGHT_PX, width)
    set_text(strip, text, _MARGIN_PX, STRIP_HEIGHT_PX - _MARGIN_PX, size=_TEXT_SIZE_PX)
    return torch.cat([fit_to_movie(picture, size), strip], dim=1)


def split_frame(before: Tensor, after: Tensor) -> Tensor:
    """The left half of `before` and the right half of `after`, (3, H, W), a white line between."""
    middle = after.shape[-1] // 2
    halves = after.clone()
    halves[..., :middle] = before[..., :middle]
    halves[..., middle - 1 : middle + 1] = 1.0
    return halves
