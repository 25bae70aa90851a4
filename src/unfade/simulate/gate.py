"""The film in the scanner's gate: the picture, frame lines, and parts of the next frames."""

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade.film.clip import Area
from unfade.simulate.print_film import MAX_DYE_AMOUNT

PICTURE_WIDTH = 960
PICTURE_HEIGHT = 540
"""Picture of the film in pixels of the scan: 16:9, small enough for quick tests."""

SCAN_WIDTH = 1080
SCAN_HEIGHT = 640
"""Raster of the scan in pixels: the picture, borders, and parts of the neighbouring frames."""

LIVE_AREA = Area(
    x=(SCAN_WIDTH - PICTURE_WIDTH) // 2,
    y=(SCAN_HEIGHT - PICTURE_HEIGHT) // 2,
    width=PICTURE_WIDTH,
    height=PICTURE_HEIGHT,
)
"""The picture in the scan, without weave."""

_FRAME_LINE_PX = 36
"""Height of the black line between two pictures of the film."""

_CORNER_RADIUS_PX = 16.0
"""Radius of the aperture's rounded corners."""

_EDGE_PX = 2.0
"""Width of the aperture's soft edge."""


def place_in_gate(
    before: Tensor | None, dyes: Tensor, after: Tensor | None, weave: tuple[float, float]
) -> Tensor:
    """The dyes in the scanner's field of view.

    Args:
        before: dyes of the frame above, (3, PICTURE_HEIGHT, PICTURE_WIDTH); none at the start.
        dyes: of the frame itself, of the same shape.
        after: of the frame below, of the same shape; none at the end.
        weave: shift of the film to the right and down, in pixels.

    Returns:
        (3, SCAN_HEIGHT, SCAN_WIDTH).
    """
    canvas = torch.full((3, SCAN_HEIGHT, SCAN_WIDTH), MAX_DYE_AMOUNT)
    aperture = _aperture()
    pitch = PICTURE_HEIGHT + _FRAME_LINE_PX
    columns = slice(LIVE_AREA.x, LIVE_AREA.x + PICTURE_WIDTH)
    for picture, top in ((before, -pitch), (dyes, 0), (after, pitch)):
        if picture is None:
            continue
        first = LIVE_AREA.y + top
        rows = slice(max(first, 0), min(first + PICTURE_HEIGHT, SCAN_HEIGHT))
        visible = slice(rows.start - first, rows.stop - first)
        canvas[:, rows, columns].lerp_(picture[:, visible], aperture[visible])
    return _shifted(canvas, weave)


def _shifted(canvas: Tensor, weave: tuple[float, float]) -> Tensor:
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
    """Coverage of the aperture, 1 inside and 0 at the edge: a rounded rectangle with a soft edge.

    The signed distance to a rounded rectangle is the distance to the rectangle shrunk by the
    radius, minus the radius.
    """
    inner_x = PICTURE_WIDTH / 2 - _CORNER_RADIUS_PX
    inner_y = PICTURE_HEIGHT / 2 - _CORNER_RADIUS_PX
    x = (torch.arange(PICTURE_WIDTH) + 0.5 - PICTURE_WIDTH / 2).abs() - inner_x
    y = ((torch.arange(PICTURE_HEIGHT) + 0.5 - PICTURE_HEIGHT / 2).abs() - inner_y)[:, None]
    outside = torch.hypot(x.clamp_min(0), y.clamp_min(0))
    inside = torch.maximum(x, y).clamp_max(0)
    depth = _CORNER_RADIUS_PX - (outside + inside)
    return (depth / _EDGE_PX).clamp(0, 1)
