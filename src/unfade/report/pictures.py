"""Pictures of the page: JPEG within a number of bytes, so that the page stays small.

JPEG, because every browser of the last thirty years and the next reads it; with chroma in full
resolution, because chroma is what the page is about.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
from torch import Tensor

from unfade.drawing.canvas import fit_width

Rung = tuple[int, int]
"""Width in pixels and JPEG quality, 0 to 100."""

LARGE: tuple[Rung, ...] = (
    (960, 88),
    (960, 80),
    (800, 80),
    (640, 80),
    (560, 78),
    (480, 75),
    (400, 70),
    (352, 62),
)
"""Sizes of pictures that fill the page's column, the best first."""

MIDDLE: tuple[Rung, ...] = ((480, 85), (400, 82), (320, 80), (280, 75), (240, 72), (208, 68))
"""Sizes of pictures of which four stand in a row."""

SMALL: tuple[Rung, ...] = ((200, 82), (176, 80), (160, 78), (144, 74), (128, 70), (112, 66))
"""Sizes of tiles in a strip."""

SHEET: tuple[Rung, ...] = ((1440, 88), (1440, 80), (1440, 70), (1200, 75), (1200, 65), (960, 70))
"""Sizes of sheets of constructed frames, whose letters have to be readable."""

MAX_SHEETS = 12
"""Largest number of sheets of constructed frames: with more, their letters are hard to read."""

SHEET_BYTES = 1_200_000
"""Bytes of all sheets of constructed frames, as of the frames before and after."""

LARGE_BYTES = 4_200_000
"""Bytes of all large pictures of hold-out pairs. With the numbers below 11 MB, which are 15 MB of
HTML because base64 writes 3 bytes as 4 letters."""

SHOT_BYTES = 3_200_000
"""Bytes of the pictures of all shots."""

FRAME_BYTES = 1_200_000
"""Bytes of the frames before and after, and as many of the worst frames together."""

SCOPE_QUALITY = 82
"""JPEG quality of scopes: their thin lines stay clear."""


@dataclass(frozen=True)
class EncodedPicture:
    """A JPEG file and its size in pixels."""

    jpeg: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        """The picture as a data: URI."""
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode("ascii")


@dataclass(frozen=True)
class NamedPicture:
    """A picture with the words that tell what it shows."""

    name: str
    picture: EncodedPicture


def encoded(picture: Tensor, width: int | None = None, quality: int = 85) -> EncodedPicture:
    """A picture (3, H, W), clamped to 0..1, as JPEG.

    Args:
        picture: display values.
        width: greatest width of the result; None keeps that of the picture.
        quality: 0 to 100.
    """
    if width is not None and width < picture.shape[-1]:
        picture = fit_width(picture, width)
    display = (picture.clamp(0.0, 1.0) * 255).round().byte()
    pixels = display.flip(0).permute(1, 2, 0).contiguous().numpy()
    settings = {
        cv2.IMWRITE_JPEG_QUALITY: quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        cv2.IMWRITE_JPEG_OPTIMIZE: 1,
    }
    succeeded, jpeg = cv2.imencode(
        ".jpg", pixels, [part for pair in settings.items() for part in pair]
    )
    assert succeeded
    return EncodedPicture(jpeg.tobytes(), pixels.shape[1], pixels.shape[0])


def encoded_within(
    pictures: Sequence[Tensor], rungs: Sequence[Rung], most_bytes: float
) -> list[EncodedPicture]:
    """Pictures that belong together, in the best size in which they take few enough bytes.

    Args:
        pictures: (3, H, W) each.
        rungs: sizes, the best first; the last one is taken if no other is small enough.
        most_bytes: of all pictures together.
    """
    files: list[EncodedPicture] = []
    for width, quality in rungs:
        files = [encoded(picture, width, quality) for picture in pictures]
        if sum(len(file.jpeg) for file in files) <= most_bytes:
            break
    return files
