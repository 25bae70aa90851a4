"""The film in the scanner's gate: picture, frame lines, and a little of the frames beside it."""

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade.film.clip import Area
from unfade.simulate.print_film import DEEPEST_AMOUNT

PICTURE_WIDTH = 960
PICTURE_HEIGHT = 540
SCAN_WIDTH = 1080
SCAN_HEIGHT = 640

LIVE_AREA = Area(
    x=(SCAN_WIDTH - PICTURE_WIDTH) // 2,
    y=(SCAN_HEIGHT - PICTURE_HEIGHT) // 2,
    width=PICTURE_WIDTH,
    height=PICTURE_HEIGHT,
)
"""Where the picture is in the scan, but for the weave."""

_FRAME_LINE = 36  # pixels between one picture and the next
_CORNER_RADIUS = 16.0  # pixels
_EDGE = 2.0  # pixels over which a picture's edge falls from full to nothing


def lay_in_gate(
    before: Tensor | None, dyes: Tensor, after: Tensor | None, weave: tuple[float, float]
) -> Tensor:
    """The dyes of what the scanner sees.

    Args:
        before: dyes of the frame above, (3, PICTURE_HEIGHT, PICTURE_WIDTH), if there is one.
        dyes: of the frame itself.
        after: of the frame below.
        weave: how far the film is off to the right and down, in pixels.

    Returns:
        (3, SCAN_HEIGHT, SCAN_WIDTH).
    """
    canvas = torch.full((3, SCAN_HEIGHT, SCAN_WIDTH), DEEPEST_AMOUNT)
    aperture = _aperture()
    pitch = PICTURE_HEIGHT + _FRAME_LINE
    columns = slice(LIVE_AREA.x, LIVE_AREA.x + PICTURE_WIDTH)
    for picture, top in ((before, -pitch), (dyes, 0), (after, pitch)):
        if picture is None:
            continue
        first = LIVE_AREA.y + top
        rows = slice(max(first, 0), min(first + PICTURE_HEIGHT, SCAN_HEIGHT))
        seen = slice(rows.start - first, rows.stop - first)
        canvas[:, rows, columns].lerp_(picture[:, seen], aperture[seen])
    return _shift(canvas, weave)


def _shift(canvas: Tensor, weave: tuple[float, float]) -> Tensor:
    matrix = np.array([[1, 0, weave[0]], [0, 1, weave[1]]], np.float64)
    shifted = [
        cv2.warpAffine(
            plane,
            matrix,
            (SCAN_WIDTH, SCAN_HEIGHT),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for plane in canvas.numpy()
    ]
    return torch.from_numpy(np.stack(shifted)).clamp_min_(0.0)


def _aperture() -> Tensor:
    """1 inside the picture, 0 on its edge: a rectangle with rounded, soft corners.

    The distance to a rounded rectangle is that of a smaller rectangle, less the radius.
    """
    inner_x = PICTURE_WIDTH / 2 - _CORNER_RADIUS
    inner_y = PICTURE_HEIGHT / 2 - _CORNER_RADIUS
    x = (torch.arange(PICTURE_WIDTH) + 0.5 - PICTURE_WIDTH / 2).abs() - inner_x
    y = ((torch.arange(PICTURE_HEIGHT) + 0.5 - PICTURE_HEIGHT / 2).abs() - inner_y)[:, None]
    outside = torch.hypot(x.clamp_min(0), y.clamp_min(0))
    inside = torch.maximum(x, y).clamp_max(0)
    depth = _CORNER_RADIUS - (outside + inside)
    return (depth / _EDGE).clamp(0, 1)
