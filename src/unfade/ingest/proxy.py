"""Proxies: small copies of clips, which make it cheap to compare all frames."""

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unfade.film.clip import Clip
from unfade.geometry.crop import crop

PROXY_WIDTH_PX = 128
"""Width of a proxy: enough to distinguish shots and gestures; two hours take at most 5 GB."""


def proxy_size(clip: Clip) -> tuple[int, int]:
    """Width and height of a clip's proxy, with square pixels; both are even."""
    aspect = clip.live_area.width * clip.pixel_aspect / clip.live_area.height
    return PROXY_WIDTH_PX, max(2, 2 * round(PROXY_WIDTH_PX / aspect / 2))


def make_proxy(picture: Tensor, clip: Clip) -> NDArray[np.uint8]:
    """The live area of a picture (3, H, W), area-averaged to 8-bit display values (h, w, 3)."""
    live = crop(picture, clip.live_area).permute(1, 2, 0).contiguous().numpy()
    small = cv2.resize(live, proxy_size(clip), interpolation=cv2.INTER_AREA)
    return np.round(np.clip(small, 0.0, 1.0) * 255).astype(np.uint8)
