"""A picture that shows people which live areas were found."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.film.clip import Clip

_HEIGHT = 540
"""Pixels of each picture in the overview."""

_OUTSIDE = 0.35
"""How bright what is outside the live area stays."""

_OUTLINE = (0.1, 1.0, 0.2)


def draw_live_areas(pictures: list[tuple[Tensor, Clip]]) -> Tensor:
    """Frames side by side, with the live area outlined and the rest dimmed.

    Args:
        pictures: whole rasters (3, H, W) with their clips.

    Returns:
        (3, 540, W), display values.
    """
    drawn = [_draw(picture, clip) for picture, clip in pictures]
    return torch.from_numpy(np.ascontiguousarray(np.hstack(drawn).transpose(2, 0, 1)))


def _draw(picture: Tensor, clip: Clip) -> NDArray[np.float32]:
    whole = np.clip(picture.permute(1, 2, 0).contiguous().numpy(), 0.0, 1.0)
    width = round(_HEIGHT * float(clip.width * clip.pixel_aspect / clip.height))
    canvas: NDArray[np.float32] = np.asarray(
        cv2.resize(whole, (width, _HEIGHT), interpolation=cv2.INTER_AREA), np.float32
    )
    area = clip.live_area
    across, down = width / clip.width, _HEIGHT / clip.height
    left, right = round(area.x * across), round((area.x + area.width) * across)
    top, bottom = round(area.y * down), round((area.y + area.height) * down)
    inside = canvas[top:bottom, left:right].copy()
    canvas *= _OUTSIDE
    canvas[top:bottom, left:right] = inside
    cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), _OUTLINE, thickness=2)
    return canvas
