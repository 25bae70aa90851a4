"""Frames of the review movies: square pixels, even sizes, bars, burned-in frame number."""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.drawing.canvas import fit, paste, set_text

MAX_WIDTH_PX = 1280
"""Largest width of a review movie: plays smoothly on a laptop. Smaller pictures stay as they are.
"""

_TEXT_SIZE_PX = 20
"""Height of the burned-in text: legible in a movie shown at half its size."""

_MARGIN_PX = 12
"""Space around the burned-in text."""

_STRIP_GAIN = 0.25
"""Factor on the display values below the text: dark enough for light text on any picture."""


def movie_size(width: int, height: int, pixel_aspect: float) -> tuple[int, int]:
    """Width and height of a review movie for pictures of a stored size.

    Both are even, because 4:2:0 video holds chroma for blocks of 2 x 2 pixels.
    """
    wide = width * pixel_aspect
    scale = min(1.0, MAX_WIDTH_PX / wide)
    return _even(wide * scale), _even(height * scale)


@dataclass(frozen=True)
class MovieRaster:
    """The raster of a movie: `width` x `height` pixels, with the picture of `picture_width` x
    `picture_height` pixels in its middle and black around it."""

    width: int
    height: int
    picture_width: int
    picture_height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


def movie_raster(
    width: int,
    height: int,
    pixel_aspect: float,
    size: tuple[int, int | None] | None = None,
    *,
    padding: bool = True,
) -> MovieRaster:
    """The raster of a movie with square pixels for pictures of a stored size.

    Args:
        width: of the pictures, in pixels.
        height: of the pictures.
        pixel_aspect: width / height of their pixels.
        size: width and height of the raster into which they are fitted, both even, or the width
            alone; None for `movie_size`.
        padding: whether black fills the raster; else it is as large as the fitted picture.
    """
    if size is None:
        own = movie_size(width, height, pixel_aspect)
        return MovieRaster(*own, *own)
    wide, (most_wide, most_high) = width * pixel_aspect, size
    scale = most_wide / wide if most_high is None else min(most_wide / wide, most_high / height)
    fitted = (_even(wide * scale), _even(height * scale))
    if most_high is None or not padding:
        return MovieRaster(*fitted, *fitted)
    return MovieRaster(most_wide, most_high, *fitted)


def _even(pixels: float) -> int:
    return max(2, 2 * round(pixels / 2))


def movie_frame(picture: Tensor, raster: MovieRaster, text: str) -> Tensor:
    """A picture (3, H, W) on the raster of the movie, with text at its lower edge; none for no
    text."""
    width, height = raster.picture_width, raster.picture_height
    frame = fit(picture, height, width)
    if text:
        frame = frame.clone()
        strip = frame[:, max(0, height - _TEXT_SIZE_PX - 2 * _MARGIN_PX) :]
        strip *= _STRIP_GAIN
        set_text(strip, text, _MARGIN_PX, strip.shape[-2] - _MARGIN_PX, size=_TEXT_SIZE_PX)
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
