"""Frames of the review movies: square pixels, even sizes, the frame's number burned in."""

from torch import Tensor

from unfade.drawing.canvas import fit, set_text

WIDEST = 1280
"""Of a review movie, in pixels; smaller pictures are not enlarged."""

_TYPE = 20
_MARGIN = 12
"""Around the type, in pixels."""

_PLATE = 0.25
"""How much of the picture's light is left below the type."""


def movie_size(width: int, height: int, pixel_aspect: float) -> tuple[int, int]:
    """Width and height, both even, of a review movie of pictures of a stored size."""
    wide = width * pixel_aspect
    scale = min(1.0, WIDEST / wide)
    return max(2, 2 * round(wide * scale / 2)), max(2, 2 * round(height * scale / 2))


def movie_frame(picture: Tensor, size: tuple[int, int], words: str) -> Tensor:
    """A picture (3, H, W) at the size of the movie, with words at its lower edge."""
    width, height = size
    frame = fit(picture, height, width).clone()
    strip = frame[:, max(0, height - _TYPE - 2 * _MARGIN) :]
    strip *= _PLATE
    set_text(strip, words, _MARGIN, strip.shape[-2] - _MARGIN, size=_TYPE)
    return frame


def wipe(before: Tensor, after: Tensor) -> Tensor:
    """The left half of one picture and the right half of another (3, H, W), a line between."""
    middle = after.shape[-1] // 2
    wiped = after.clone()
    wiped[..., :middle] = before[..., :middle]
    wiped[..., middle - 1 : middle + 1] = 1.0
    return wiped
