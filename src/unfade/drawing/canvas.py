"""Text, lines, pasting and scaling for sheets, charts and scopes.

Pictures are (3, H, W) float display values. Text is in OpenCV's built-in sans-serif font.
"""

from functools import cache
from threading import Lock
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor

BACKGROUND_LEVEL = 0.12
"""Display value of the neutral background: dark, so that colours stand out, but not black."""

TEXT_LEVEL = 0.82
"""Display value of text: light grey, because white would outshine the pictures."""

FAINT_LEVEL = 0.62
"""Display value of secondary text: 6 times the light of the background, where WCAG 2 asks for 4.5,
but behind the pictures."""

LINE_LEVEL = 0.5
"""Display value of lines: visible, but behind text."""

TEXT_SIZE_PX = 14
"""Height of text in pixels: legible on a sheet shown at full size."""

FONT_WEIGHT = 300
"""Weight of the font on the scale of CSS, where 400 is regular: light on dark looks bolder."""

Anchor = Literal["left", "middle", "right"]
"""Point of a line of text that lies at the given position."""


_font_lock = Lock()
"""Held while text is measured or drawn: OpenCV's font face may not be used by two threads."""


def blank_canvas(height: int, width: int) -> Tensor:
    """An empty canvas."""
    return torch.full((3, height, width), BACKGROUND_LEVEL)


def text_width(text: str, size: int = TEXT_SIZE_PX) -> int:
    """The width of a line of text, in pixels."""
    with _font_lock:
        x, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _face(), size, FONT_WEIGHT)
    return int(x + width)


def set_text(
    canvas: Tensor,
    text: str,
    x: int,
    y: int,
    *,
    size: int = TEXT_SIZE_PX,
    shade: float = TEXT_LEVEL,
    anchor: Anchor = "left",
) -> None:
    """Draws a line of text on the canvas, in place; (x, y) is the anchor on its baseline."""
    shift = {"left": 0.0, "middle": 0.5, "right": 1.0}[anchor]
    left = x - round(shift * text_width(text, size))
    mask = np.zeros((*canvas.shape[-2:], 3), np.uint8)
    with _font_lock:
        cv2.putText(mask, text, (left, y), (255, 255, 255), _face(), size, FONT_WEIGHT)
    _blend(canvas, mask[..., 0], torch.tensor([shade] * 3))


def draw_line(
    canvas: Tensor,
    points: list[tuple[float, float]],
    colour: tuple[float, float, float] = (LINE_LEVEL, LINE_LEVEL, LINE_LEVEL),
    *,
    opacity: float = 1.0,
    width: int = 1,
) -> None:
    """Draws an antialiased line through points (x, y) on the canvas, in place."""
    fraction_bits = 4
    fixed = np.round(np.array(points) * 2**fraction_bits).astype(np.int32)
    mask = np.zeros(canvas.shape[-2:], np.uint8)
    cv2.polylines(mask, [fixed], False, 255, width, cv2.LINE_AA, fraction_bits)
    _blend(canvas, mask, torch.tensor(colour), opacity)


def paste(canvas: Tensor, picture: Tensor, x: int, y: int) -> None:
    """Copies a picture, clamped to 0..1, into the canvas with its top left pixel at (x, y)."""
    height, width = picture.shape[-2:]
    canvas[:, y : y + height, x : x + width] = picture.clamp(0.0, 1.0)


def fit(picture: Tensor, height: int, width: int) -> Tensor:
    """A picture resized: area averaging when it shrinks, bilinear when it grows."""
    if picture.shape[-2:] == (height, width):
        return picture
    shrinks = width * height < picture.shape[-1] * picture.shape[-2]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    planes = [cv2.resize(plane, (width, height), interpolation=method) for plane in picture.numpy()]
    return torch.from_numpy(np.stack(planes))


def fit_width(picture: Tensor, width: int) -> Tensor:
    """A picture resized to a width; its aspect ratio is kept."""
    height = round(picture.shape[-2] * width / picture.shape[-1])
    return fit(picture, max(height, 1), width)


def square_pixels(picture: Tensor, pixel_aspect: float) -> Tensor:
    """A picture stretched sideways by its pixel aspect (width / height)."""
    return fit(picture, picture.shape[-2], round(picture.shape[-1] * pixel_aspect))


def _blend(canvas: Tensor, mask: np.ndarray, colour: Tensor, opacity: float = 1.0) -> None:
    x, y, width, height = cv2.boundingRect(mask)
    touched = canvas[:, y : y + height, x : x + width]
    share = torch.from_numpy(mask[y : y + height, x : x + width]).float() * (opacity / 255)
    touched.lerp_(colour[:, None, None].expand_as(touched), share)


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")
