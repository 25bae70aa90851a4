"""What a frame looks like apart from its colours: signatures that survive fading and framing."""

from dataclasses import dataclass

import cv2
import numpy as np

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_FLOOR = 4.0
"""Contrast, of 255, below which a neighbourhood counts as flat: grain and compression noise."""
_LIMIT = 2.5
"""Local contrasts are cut there, in standard deviations, so that no single edge outweighs."""


@dataclass(frozen=True)
class Framing:
    """Where the source's picture lies in the reference's, both running from 0 to 1.

    A source point (x, y) is at (x * scale_x + shift_x, y * scale_y + shift_y) of the reference.
    """

    scale_x: float = 1.0
    scale_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0


@dataclass(frozen=True)
class Window:
    """A part of a picture whose width and height run from 0 to 1."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0


WHOLE = Window()


def shared_windows(framing: Framing) -> tuple[Window, Window]:
    """The part of the source, and of the reference, that both show."""
    left = max(0.0, framing.shift_x)
    top = max(0.0, framing.shift_y)
    right = min(1.0, framing.scale_x + framing.shift_x)
    bottom = min(1.0, framing.scale_y + framing.shift_y)
    in_reference = Window(left, top, right, bottom)
    in_source = Window(
        (left - framing.shift_x) / framing.scale_x,
        (top - framing.shift_y) / framing.scale_y,
        (right - framing.shift_x) / framing.scale_x,
        (bottom - framing.shift_y) / framing.scale_y,
    )
    return in_source, in_reference


def structure(frame: np.ndarray, window: Window, width: int, height: int) -> np.ndarray:
    """Local contrast of a part of a frame, without its light and its colour.

    Args:
        frame: uint8 (h, w, 3).
        window: the part; what lies outside the frame repeats its border.
        width: of the result, in pixels.
        height: of the result, in pixels.

    Returns:
        float32 (height, width): standard deviations from the neighbourhood's mean.
    """
    luma = _cut(frame.astype(np.float32) @ _LUMA, window, width, height)
    sigma = width / 16
    detail = luma - cv2.GaussianBlur(luma, (0, 0), sigma)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), sigma) + _FLOOR**2)
    return np.asarray(np.clip(detail / contrast, -_LIMIT, _LIMIT))


def signatures(frames: np.ndarray, window: Window, width: int, height: int) -> np.ndarray:
    """One vector of length 1 per frame, whose scalar products say how alike two frames are.

    Args:
        frames: uint8 (N, h, w, 3).
        window: the part of the frames to look at.
        width: of the picture of structure, in pixels.
        height: of it.

    Returns:
        float32 (N, width * height); all zero for a frame without structure.
    """
    result = np.empty((len(frames), width * height), np.float32)
    for index, frame in enumerate(frames):
        vector = structure(frame, window, width, height).ravel()
        vector -= vector.mean()
        result[index] = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return result


def _cut(luma: np.ndarray, window: Window, width: int, height: int) -> np.ndarray:
    """A part of a picture (h, w), resampled to (height, width), averaged where it shrinks."""
    rows, columns = luma.shape
    step_x = (window.right - window.left) * columns / width
    step_y = (window.bottom - window.top) * rows / height
    if step_x > 1.5 or step_y > 1.5:
        luma = cv2.GaussianBlur(luma, (0, 0), sigmaX=max(step_x, 1) / 2, sigmaY=max(step_y, 1) / 2)
    place = np.array(
        [
            [step_x, 0.0, window.left * columns + step_x / 2 - 0.5],
            [0.0, step_y, window.top * rows + step_y / 2 - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(luma, place, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.float32)
