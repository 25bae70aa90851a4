"""Frames of the review movies: square pixels, even sizes, burned-in frame number."""

from torch import Tensor

from unfade.drawing.canvas import fit, set_text

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
    return max(2, 2 * round(wide * scale / 2)), max(2, 2 * round(height * scale / 2))


def movie_frame(picture: Tensor, size: tuple[int, int], text: str) -> Tensor:
    """A picture (3, H, W) at the size (width, height) of the movie, with text at its lower edge."""
    width, height = size
    frame = fit(picture, height, width).clone()
    strip = frame[:, max(0, height - _TEXT_SIZE_PX - 2 * _MARGIN_PX) :]
    strip *= _STRIP_GAIN
    set_text(strip, text, _MARGIN_PX, strip.shape[-2] - _MARGIN_PX, size=_TEXT_SIZE_PX)
    return frame


def split_frame(before: Tensor, after: Tensor) -> Tensor:
    """The left half of `before` and the right half of `after`, (3, H, W), a white line between."""
    middle = after.shape[-1] // 2
    halves = after.clone()
    halves[..., :middle] = before[..., :middle]
    halves[..., middle - 1 : middle + 1] = 1.0
    return halves
