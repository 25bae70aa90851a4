"""Type, lines and scaling on pictures that people look at.

Pictures are (3, H, W) float display values. Type is set in OpenCV's built-in sans.
"""

from functools import cache
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor

GROUND = 0.12
"""Display value of the neutral ground: dark enough to set colour off, not black."""

INK = 0.82
"""Display value of type."""

FAINT = 0.5
"""Display value of secondary type and of rules."""

TYPE_SIZE = 14
"""Height of type, in pixels."""

THIN = 300
"""Weight of type: 400 is regular."""

Anchor = Literal["left", "middle", "right"]


def ground(height: int, width: int) -> Tensor:
    """An empty canvas."""
    return torch.full((3, height, width), GROUND)


def text_width(words: str, size: int = TYPE_SIZE) -> int:
    """How wide a line of type is, in pixels."""
    x, _, width, _ = cv2.getTextSize((0, 0), words, (0, 0), _face(), size, THIN)
    return int(x + width)


def set_text(
    canvas: Tensor,
    words: str,
    x: int,
    y: int,
    *,
    size: int = TYPE_SIZE,
    shade: float = INK,
    anchor: Anchor = "left",
) -> None:
    """Sets a line of type on the canvas, in place; (x, y) is the anchor on its base line."""
    shift = {"left": 0.0, "middle": 0.5, "right": 1.0}[anchor]
    left = x - round(shift * text_width(words, size))
    mask = np.zeros((*canvas.shape[-2:], 3), np.uint8)
    cv2.putText(mask, words, (left, y), (255, 255, 255), _face(), size, THIN)
    _blend(canvas, mask[..., 0], torch.tensor([shade] * 3))


def draw_line(
    canvas: Tensor,
    points: list[tuple[float, float]],
    colour: tuple[float, float, float] = (FAINT, FAINT, FAINT),
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


def lay(canvas: Tensor, picture: Tensor, x: int, y: int) -> None:
    """Lays a picture on the canvas, in place, its top left pixel at (x, y)."""
    height, width = picture.shape[-2:]
    canvas[:, y : y + height, x : x + width] = picture.clamp(0.0, 1.0)


def fit(picture: Tensor, height: int, width: int) -> Tensor:
    """A picture scaled to a size: averaged when it shrinks, bilinear when it grows."""
    if picture.shape[-2:] == (height, width):
        return picture
    shrinks = width * height < picture.shape[-1] * picture.shape[-2]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    pixels = picture.permute(1, 2, 0).contiguous().numpy()
    scaled = cv2.resize(pixels, (width, height), interpolation=method)
    return torch.from_numpy(scaled).permute(2, 0, 1).contiguous()


def fit_width(picture: Tensor, width: int) -> Tensor:
    """A picture scaled to a width; its shape is kept."""
    height = round(picture.shape[-2] * width / picture.shape[-1])
    return fit(picture, max(height, 1), width)


def square_pixels(picture: Tensor, pixel_aspect: float) -> Tensor:
    """A picture stretched sideways as its pixels' aspect (width / height) asks."""
    return fit(picture, picture.shape[-2], round(picture.shape[-1] * pixel_aspect))


def _blend(canvas: Tensor, mask: np.ndarray, colour: Tensor, opacity: float = 1.0) -> None:
    x, y, width, height = cv2.boundingRect(mask)
    touched = canvas[:, y : y + height, x : x + width]
    share = torch.from_numpy(mask[y : y + height, x : x + width]).float() * (opacity / 255)
    touched.lerp_(colour[:, None, None].expand_as(touched), share)


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")
