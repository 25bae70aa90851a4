"""Frames of the review movies: square pixels, even sizes, bars, frame number and timecode below."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.drawing.canvas import blank_canvas, fit, paste, set_text

MAX_WIDTH_PX = 1280
"""Largest width of a review movie: plays smoothly on a laptop. Smaller pictures stay as they are.
"""

STRIP_HEIGHT_PX = 44
"""Height of the strip below the picture that holds the text; even, for 4:2:0 video."""

MIN_PICTURE_PX = 16
"""Least width and height of a picture: that of a block of the codecs."""

_ROUNDING = 1e-6
"""Pairs of pixels by which a product of floats may miss a whole number."""

_TEXT_SIZE_PX = 20
"""Height of the text: legible in a movie shown at half its size."""

_MARGIN_PX = 12
"""Space around the text."""


@dataclass(frozen=True)
class MovieRaster:
    """The raster of a movie: `width` x `height` pixels. In its middle lie the picture, of
    `picture_width` x `picture_height` pixels, and below it a strip for text, of `strip_height`;
    around both it is black."""

    width: int
    height: int
    picture_width: int
    picture_height: int
    strip_height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.picture_width, self.picture_height


def movie_raster(
    width: int,
    height: int,
    pixel_aspect: float,
    size: tuple[int, int | None] | None = None,
    *,
    padding: bool = True,
    has_text: bool = True,
) -> MovieRaster:
    """The raster of a movie with square pixels for pictures of a stored size.

    All lengths are even, because 4:2:0 video holds chroma for blocks of 2 x 2 pixels; they are
    rounded down, so that a picture that is not scaled loses a line at most.

    Args:
        width: of the pictures, in pixels.
        height: of the pictures.
        pixel_aspect: width / height of their pixels.
        size: width and height of the raster into which picture and text are fitted, both even, or
            the width alone; None for at most `MAX_WIDTH_PX`.
        padding: whether black fills the raster; else it is as large as what is fitted.
        has_text: whether there is a strip for text below the picture.
    """
    wide, strip = width * pixel_aspect, STRIP_HEIGHT_PX if has_text else 0
    most_wide, most_high = size or (min(MAX_WIDTH_PX, wide), None)
    scale = most_wide / wide
    if most_high is not None:
        scale = min(scale, (most_high - strip) / height)
    across, down = _even(wide * scale), _even(height * scale)
    if most_high is None or not padding:
        return MovieRaster(across, down + strip, across, down, strip)
    return MovieRaster(int(most_wide), most_high, across, down, strip)


def _even(pixels: float) -> int:
    return max(2, 2 * math.floor(pixels / 2 + _ROUNDING))


def fit_to_movie(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """A picture (3, H, W) scaled to the size (width, height) of pictures in the movie; one that is
    a line or a column larger is cropped and keeps its pixels as they are."""
    width, height = size
    excess = (picture.shape[-1] - width, picture.shape[-2] - height)
    if all(0 <= pixels <= 1 for pixels in excess):
        return picture[..., :height, :width]
    return fit(picture, height, width)


def movie_frame(picture: Tensor, raster: MovieRaster, text: str) -> Tensor:
    """A picture (3, H, W) on the raster of the movie, with text on the strip below it, if there is
    one: no pixel of the picture is covered."""
    frame = fit_to_movie(picture, raster.picture_size)
    if raster.strip_height:
        strip = blank_canvas(raster.strip_height, raster.picture_width)
        set_text(strip, text, _MARGIN_PX, raster.strip_height - _MARGIN_PX, size=_TEXT_SIZE_PX)
        frame = torch.cat([frame, strip], dim=1)
    height, width = frame.shape[1:]
    if raster.size == (width, height):
        return frame
    padded = torch.zeros(3, raster.height, raster.width)
    paste(padded, frame, _middle(raster.width - width), _middle(raster.height - height))
    return padded


def _middle(room: int) -> int:
    """Half of an even number of pixels, rounded down to an even one, so that bars end between
    samples of chroma."""
    return room // 4 * 2


def split_frame(before: Tensor, after: Tensor) -> Tensor:
    """The left half of `before` and the right half of `after`, (3, H, W), a white line between."""
    middle = after.shape[-1] // 2
    halves = after.clone()
    halves[..., :middle] = before[..., :middle]
    halves[..., middle - 1 : middle + 1] = 1.0
    return halves
