"""Colourfulness of pictures: chroma that their luma does not explain.

A black-and-white copy has no chroma except noise. A tinted copy has the same chroma wherever it has
the same luma. The measure subtracts the median chroma of each luma level and counts what two nearby
frames have in common, because noise differs from frame to frame.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import luma, rgb_to_ycbcr

CELL_GRID = (12, 16)
"""Rows and columns of the cells over which chroma is averaged, which suppresses pixel noise."""

LUMA_LEVELS = 24
"""Luma levels with equal numbers of pixels. Each has a median chroma of its own."""

OUTLIER_SHARE = 0.05
"""Share of the cells that is discarded: the most colourful, which may be a logo or a timecode."""

MAX_FRAMES = 200
"""About the number of frames that are measured, spread over the film; more cost time."""

FRAME_DISTANCE = 3
"""Frames between the two pictures of a comparison: direct neighbours share compression noise."""

FRAME_QUANTILE = 0.99
"""Quantile over frames of the colour of a film. Below the maximum, because one flash must not
decide."""

MIN_COLOR = 0.002
"""Colour, RMS of range 1, below which there is none. Black-and-white copies with the noise of
tape and MPEG-2 have 0.0012; the least colourful lit shot of the development clips has 0.0028."""

MIN_CLEAR_COLOR = 0.005
"""Colour, RMS of range 1, below which a person should look: toned copies have up to 0.0023, but so
has a flat green crop of a good reference."""

MIN_CONTRAST = 0.02
"""Standard deviation of luma, of range 1, below which a frame is skipped: a flat frame is no
evidence."""

MAX_GREY_CHROMA = 0.01
"""Chroma, RMS of range 1, up to which a picture without colour counts as grey, not tinted."""


@dataclass(frozen=True)
class Colorfulness:
    """`color` is the RMS of chroma that luma does not explain, `chroma` that of all chroma, both of
    range 1."""

    color: float
    chroma: float

    @property
    def is_none(self) -> bool:
        """Whether the film is grey or has one tint only."""
        return self.color < MIN_COLOR

    @property
    def is_tint(self) -> bool:
        """Whether the film has one tint only."""
        return self.is_none and self.chroma > MAX_GREY_CHROMA

    @property
    def is_little(self) -> bool:
        """Whether there is so little colour that a person should look."""
        return self.color < MIN_CLEAR_COLOR


def film_colorfulness(proxy: np.ndarray) -> Colorfulness | None:
    """Colourfulness of a film from its proxy, display codes uint8 (N, h, w, 3).

    Returns:
        None if all frames are flat.
    """
    last = len(proxy) - 1
    measures = []
    count = max(1, len(proxy) - FRAME_DISTANCE)
    for frame in range(0, count, max(1, count // MAX_FRAMES)):
        now, later = _picture(proxy[frame]), _picture(proxy[min(frame + FRAME_DISTANCE, last)])
        if luma(now).std() > MIN_CONTRAST:
            measures.append(colorfulness(now, later))
    if not measures:
        return None
    color, chroma = torch.tensor(measures).T
    return Colorfulness(float(torch.quantile(color, FRAME_QUANTILE)), float(chroma.median()))


def _picture(frame: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(frame)).permute(2, 0, 1).float() / 255


def colorfulness(now_rgb: Tensor, later_rgb: Tensor) -> tuple[float, float]:
    """Colour and chroma of a picture (3, H, W), RMS of range 1.

    Colour is chroma that luma does not explain and that a later picture (3, H, W) of the same shot
    shows too. Chroma is all chroma of the first picture.
    """
    now, later = _chroma_beyond_luma(now_rgb), _chroma_beyond_luma(later_rgb)
    common = (now * later).sum(dim=0).flatten().sort().values
    kept = common[: round(len(common) * (1 - OUTLIER_SHARE))]
    chroma = functional.adaptive_avg_pool2d(rgb_to_ycbcr(now_rgb)[1:], CELL_GRID)
    spread = chroma.square().sum(dim=0).mean().sqrt()
    return float(kept.mean().clamp_min(0.0).sqrt()), float(spread)


def _chroma_beyond_luma(rgb: Tensor) -> Tensor:
    """Chroma (2, *CELL_GRID) of a picture (3, H, W) that its luma does not explain."""
    ycbcr = rgb_to_ycbcr(rgb)
    y, cbcr = ycbcr[0].flatten(), ycbcr[1:].flatten(1)
    order = y.argsort()
    parts = order.tensor_split(min(LUMA_LEVELS, len(order)))
    level = torch.stack([y[part].mean() for part in parts])
    median = torch.stack([cbcr[:, part].median(dim=1).values for part in parts], dim=1)
    residual = (cbcr - _interpolated(y, level, median)).reshape(2, *rgb.shape[1:])
    return functional.adaptive_avg_pool2d(residual, CELL_GRID)


def _interpolated(y: Tensor, level: Tensor, values: Tensor) -> Tensor:
    """Values (2, N) at lumas (N,), linear between `values` (2, L) at rising levels (L,)."""
    above = torch.searchsorted(level, y).clamp(1, max(len(level) - 1, 1))
    above = above.clamp_max(len(level) - 1)
    below = (above - 1).clamp_min(0)
    step = (level[above] - level[below]).clamp_min(1e-6)
    share = ((y - level[below]) / step).clamp(0.0, 1.0)
    return values[:, below] + share * (values[:, above] - values[:, below])
