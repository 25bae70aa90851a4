"""The overview picture of the live areas, for people to check."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.film.clip import Clip

_HEIGHT_PX = 540
"""Height of each picture in the overview: two of them fit side by side on a screen."""

_OUTSIDE_GAIN = 0.35
"""Factor on display values outside the live area: dimmed, but still legible."""

_OUTLINE_RGB = (0.1, 1.0, 0.2)
"""Display values of the outline: green, which a faded picture hardly has."""


def at_height(picture: Tensor, clip: Clip) -> NDArray[np.float32]:
    """A whole raster (3, H, W) at the height of the overview, with square pixels: (540, W, 3)
    display values."""
    whole = np.clip(picture.permute(1, 2, 0).contiguous().numpy(), 0.0, 1.0)
    width = round(_HEIGHT_PX * float(clip.width * clip.pixel_aspect / clip.height))
    return np.asarray(
        cv2.resize(whole, (width, _HEIGHT_PX), interpolation=cv2.INTER_AREA), np.float32
    )


def draw_live_areas(pictures: list[tuple[NDArray[np.float32], Clip]]) -> Tensor:
    """Frames side by side, with the live area outlined and the rest dimmed.

    Args:
        pictures: of `at_height`, with their clips.

    Returns:
        (3, 540, W), display values.
    """
    panels = [_draw(picture, clip) for picture, clip in pictures]
    return torch.from_numpy(np.ascontiguousarray(np.hstack(panels).transpose(2, 0, 1)))


def _draw(picture: NDArray[np.float32], clip: Clip) -> NDArray[np.float32]:
    canvas, width = picture.copy(), picture.shape[1]
    area = clip.live_area
    scale_x, scale_y = width / clip.width, _HEIGHT_PX / clip.height
    left, right = round(area.x * scale_x), round((area.x + area.width) * scale_x)
    top, bottom = round(area.y * scale_y), round((area.y + area.height) * scale_y)
    inside = canvas[top:bottom, left:right].copy()
    canvas *= _OUTSIDE_GAIN
    canvas[top:bottom, left:right] = inside
    cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), _OUTLINE_RGB, thickness=2)
    return canvas
