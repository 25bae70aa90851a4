"""How much of the scan's fine structure a reference shows.

One measure covers resolution, sharpness, bit depth and compression: the share of the scan's detail,
which is real apart from grain, that appears at the same place in the reference. Blur removes
detail, compression replaces it, and an upscaled picture has none.
"""

import cv2
import numpy as np
from torch import Tensor

from unfade.color.ycbcr import luma
from unfade.curate.matching.signature import Framing, Window, shared_views
from unfade.film.clip import Clip
from unfade.geometry.crop import crop

_MAX_WIDTH_PX = 1280
"""Largest width of the compared pictures, which bounds the cost."""
_BAND_SIGMAS_PX = ((0.6, 1.2), (1.2, 2.4))
"""Standard deviations of the two blurs that limit each band: wavelengths of about 3 to 6 pixels,
and of 6 to 12."""
_BLOCK_PX = 64
"""Width and height of the blocks that are searched for separately, because weave and warp of a
single frame are not part of the film's framing."""
_SEARCH_PX = 16
"""Distance from the position given by the framing within which a block is searched for."""
_TEXTURED_SHARE = 0.5
"""Share of the blocks, those with most detail in the scan, that are searched for: flat blocks
correlate by chance."""


def live_luma(picture: Tensor, clip: Clip) -> np.ndarray:
    """Luma of the live area of a picture (3, H, W): float32 (h, w), at most `_MAX_WIDTH_PX`
    wide."""
    live = luma(crop(picture, clip.live_area))[0].contiguous().numpy()
    height, width = live.shape
    if width <= _MAX_WIDTH_PX:
        return live
    size = (_MAX_WIDTH_PX, round(height * _MAX_WIDTH_PX / width))
    return np.asarray(cv2.resize(live, size, interpolation=cv2.INTER_AREA))


def detail_correlation(
    source_luma: np.ndarray, reference_luma: np.ndarray, framing: Framing
) -> float:
    """Mean correlation of the scan's detail with the reference's, 0 to 1.

    Args:
        source_luma: `live_luma` of a source frame, float32 (H, W).
        reference_luma: `live_luma` of the matching reference frame, float32 (h, w).
        framing: framing of the film in that reference.
    """
    source_view, reference_view = shared_views(framing)
    height, width = source_luma.shape
    source, reference = (
        _resampled(picture, view, width, height)
        for picture, view in ((source_luma, source_view), (reference_luma, reference_view))
    )
    return float(
        np.mean(
            [
                _block_correlation(_bandpass(source, *sigmas), _bandpass(reference, *sigmas))
                for sigmas in _BAND_SIGMAS_PX
            ]
        )
    )


def _resampled(picture: np.ndarray, view: Window, width: int, height: int) -> np.ndarray:
    """A part of a picture, resampled to float32 (height, width)."""
    positions = view.sample_positions(picture.shape, width, height)
    resampled = cv2.remap(
        picture,
        positions[..., 0],
        positions[..., 1],
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(resampled, np.float32)


def _bandpass(picture: np.ndarray, fine: float, coarse: float) -> np.ndarray:
    """Difference of two Gaussian blurs of a picture."""
    return np.asarray(
        cv2.GaussianBlur(picture, (0, 0), fine) - cv2.GaussianBlur(picture, (0, 0), coarse)
    )


def _block_correlation(source: np.ndarray, reference: np.ndarray) -> float:
    """Mean over textured blocks of the highest correlation within the search distance, 0 to 1."""
    height, width = source.shape
    corners = [
        (y, x)
        for y in range(_SEARCH_PX, height - _BLOCK_PX - _SEARCH_PX + 1, _BLOCK_PX)
        for x in range(_SEARCH_PX, width - _BLOCK_PX - _SEARCH_PX + 1, _BLOCK_PX)
    ]
    blocks = [source[y : y + _BLOCK_PX, x : x + _BLOCK_PX] for y, x in corners]
    order = np.argsort([-float(block.std()) for block in blocks])
    correlations = []
    for k in order[: max(1, round(len(order) * _TEXTURED_SHARE))]:
        y, x = corners[k]
        search_area = reference[
            y - _SEARCH_PX : y + _BLOCK_PX + _SEARCH_PX, x - _SEARCH_PX : x + _BLOCK_PX + _SEARCH_PX
        ]
        correlations.append(
            float(cv2.matchTemplate(search_area, blocks[k], cv2.TM_CCOEFF_NORMED).max())
        )
    return max(0.0, float(np.mean(correlations))) if correlations else 0.0
