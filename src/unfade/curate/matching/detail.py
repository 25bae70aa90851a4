"""How much of the scan's fine structure a reference shows.

Resolution, sharpness, bits and compression are told by one measure: of the scan's detail, which is
real apart from grain, so much is found again in the same place of the reference. Blur takes detail
away, compression puts something else in its place, and an enlarged picture has none.
"""

import cv2
import numpy as np
from torch import Tensor

from unfade.color.ycbcr import luma
from unfade.curate.matching.signature import Framing, Window, shared_views
from unfade.film.clip import Clip
from unfade.geometry.crop import crop

_WIDTH = 1280
"""Pixels across of what is compared, at most."""
_BANDS = ((0.6, 1.2), (1.2, 2.4))
"""Standard deviations in pixels of the blurs between which a band lies: waves of about 3 to 6
pixels, and of 6 to 12."""
_BLOCK = 64
"""Pixels a side of the blocks that are looked for, each by itself: the framing is of the film, and
weave and warp of one frame are not in it."""
_REACH = 16
"""Pixels that a block may lie off the framing."""
_TEXTURED = 0.5
"""Share of the blocks, those with the most detail in the scan, that are looked for."""


def live_luma(picture: Tensor, clip: Clip) -> np.ndarray:
    """The live area of a picture (3, H, W) as luma, float32 (h, w), at most `_WIDTH` across."""
    live = luma(crop(picture, clip.live_area))[0].contiguous().numpy()
    height, width = live.shape
    if width <= _WIDTH:
        return live
    size = (_WIDTH, round(height * _WIDTH / width))
    return np.asarray(cv2.resize(live, size, interpolation=cv2.INTER_AREA))


def detail_shown(source_luma: np.ndarray, reference_luma: np.ndarray, framing: Framing) -> float:
    """The mean correlation of the scan's detail with that of a reference, 0 to 1.

    Args:
        source_luma: the `live_luma` of a frame, float32 (H, W).
        reference_luma: that of the reference frame of the same instant, float32 (h, w).
        framing: of the film in that reference.
    """
    ours, theirs = shared_views(framing)
    height, width = source_luma.shape
    here, there = (
        _placed(one, view, width, height)
        for one, view in ((source_luma, ours), (reference_luma, theirs))
    )
    return float(
        np.mean([_likeness(_band(here, *sigmas), _band(there, *sigmas)) for sigmas in _BANDS])
    )


def _placed(picture: np.ndarray, view: Window, width: int, height: int) -> np.ndarray:
    """A part of a picture on the raster, float32 (height, width)."""
    places = view.places(picture.shape, width, height)
    found = cv2.remap(
        picture, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, np.float32)


def _band(picture: np.ndarray, fine: float, coarse: float) -> np.ndarray:
    """What lies between two blurs of a picture."""
    return np.asarray(
        cv2.GaussianBlur(picture, (0, 0), fine) - cv2.GaussianBlur(picture, (0, 0), coarse)
    )


def _likeness(here: np.ndarray, there: np.ndarray) -> float:
    """The mean correlation of textured blocks with the place where each fits best, 0 to 1."""
    height, width = here.shape
    corners = [
        (y, x)
        for y in range(_REACH, height - _BLOCK - _REACH + 1, _BLOCK)
        for x in range(_REACH, width - _BLOCK - _REACH + 1, _BLOCK)
    ]
    blocks = [here[y : y + _BLOCK, x : x + _BLOCK] for y, x in corners]
    order = np.argsort([-float(block.std()) for block in blocks])
    found = []
    for k in order[: max(1, round(len(order) * _TEXTURED))]:
        y, x = corners[k]
        around = there[y - _REACH : y + _BLOCK + _REACH, x - _REACH : x + _BLOCK + _REACH]
        found.append(float(cv2.matchTemplate(around, blocks[k], cv2.TM_CCOEFF_NORMED).max()))
    return max(0.0, float(np.mean(found))) if found else 0.0
