"""Clips drawn for `fields.py`: line art, titles and fine horizontal lines, luma only."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Lumas = list[NDArray[np.uint8]]
"""Luma of the pictures of a clip, 8-bit codes (H, W)."""

MOVIE_FRAMES = 30
"""Frames of a movie. Video needs twice as many pictures, pulldown a quarter fewer."""


def drawn_clip(name: str, parameters: Sequence[float]) -> Lumas:
    """A drawn clip of twice `MOVIE_FRAMES` pictures.

    Args:
        name: ``blinds``, ``credits``, ``art`` or ``titles``.
        parameters: period, weave and pan of ``blinds`` in lines; speed of ``credits`` in lines a
            frame; variant 1 or 2 of the others.
    """
    if name == "blinds":
        return _blinds(*parameters)
    if name == "credits":
        return _credits(int(parameters[0]))
    draw = {"art": _art, "titles": _titles}[name]
    return [draw(number, int(parameters[0])) for number in range(2 * MOVIE_FRAMES)]


def _art(number: int, variant: int) -> NDArray[np.uint8]:
    """Fine hatching and outlines, as in an engraving; the outlines move across and down."""
    picture = np.full((540, 960), 225, np.uint8)
    for line in range(0, 540, 3 + variant):
        cv2.line(picture, (0, line), (400, line + 40 * variant), 60, 1)
    x, y = 300 + 5 * number, 250 + (3 - variant) * number
    cv2.circle(picture, (x, y), 90, 30, 2, cv2.LINE_AA)
    for spoke in range(12):
        angle = spoke * np.pi / 6 + 0.02 * number
        end = (int(x + 90 * np.cos(angle)), int(y + 90 * np.sin(angle)))
        cv2.line(picture, (x, y), end, 30, 1, cv2.LINE_AA)
    return picture


def _titles(number: int, variant: int) -> NDArray[np.uint8]:
    """White titles that roll up (variant 1) or run from right to left (variant 2)."""
    picture = np.full((540, 960), 20, np.uint8)
    for row in range(14):
        x, y = (120, 60 * row + 40 - 2 * number) if variant == 1 else (700 - 7 * number, 60 * row)
        text = f"A film by unfade {row}"
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 230, 2, cv2.LINE_AA)
    return picture


def _blinds(period: float, weave: float, pan: float) -> Lumas:
    """A textured wall that weaves, a tenth of it fine horizontal lines, and a moving disc."""
    draws = np.random.default_rng(3)
    wall = 110 + 250 * cv2.GaussianBlur(draws.standard_normal((576, 720), np.float32), (0, 0), 3)
    pictures = []
    for number, sway in enumerate(draws.normal(0, weave, 2 * MOVIE_FRAMES)):
        shift = np.array([[1, 0, 0], [0, 1, -sway]])
        picture = cv2.warpAffine(wall, shift, (720, 576), borderMode=cv2.BORDER_REFLECT)
        lines = np.arange(100, 282)[:, None] + sway + pan * number
        picture[100:282, 100:328] = 130 + 50 * np.sin(2 * np.pi * lines / period)
        cv2.circle(picture, (400 + 2 * number, 380), 50, 200.0, -1, cv2.LINE_AA)
        soft = cv2.GaussianBlur(picture, (0, 0), 0.6)
        pictures.append(np.clip(soft, 0, 255).round().astype(np.uint8))
    return pictures


def _credits(speed: int) -> Lumas:
    """Titles with hard edges that roll up by `speed` lines a frame."""
    tall = np.full((576 + speed * 2 * MOVIE_FRAMES, 720), 16, np.uint8)
    for row in range(len(tall) // 30):
        origin = (60, 30 * row + 20)
        cv2.putText(tall, f"DIRECTED BY {row}", origin, cv2.FONT_HERSHEY_PLAIN, 1.2, 235, 1)
    return [tall[speed * n : speed * n + 576] for n in range(2 * MOVIE_FRAMES)]
