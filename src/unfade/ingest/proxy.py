"""A small copy of a clip, for looking at all of it at once."""

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unfade.film.clip import Clip
from unfade.geometry.crop import crop

PROXY_WIDTH = 128
"""Pixels. Enough to tell shots and gestures apart; two hours take 5 GB at most."""


def proxy_size(clip: Clip) -> tuple[int, int]:
    """Width and height of a clip's proxy: square pixels, both even."""
    aspect = clip.live_area.width * clip.pixel_aspect / clip.live_area.height
    return PROXY_WIDTH, max(2, 2 * round(PROXY_WIDTH / aspect / 2))


def make_proxy(picture: Tensor, clip: Clip) -> NDArray[np.uint8]:
    """The live area of a picture (3, H, W), averaged down: (h, w, 3), codes of display values."""
    live = crop(picture, clip.live_area).permute(1, 2, 0).contiguous().numpy()
    small = cv2.resize(live, proxy_size(clip), interpolation=cv2.INTER_AREA)
    return np.round(np.clip(small, 0.0, 1.0) * 255).astype(np.uint8)
