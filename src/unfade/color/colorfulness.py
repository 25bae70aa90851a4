"""Whether pictures hold colour: chroma that their luma does not tell.

A black-and-white copy has no chroma but noise, and a tinted one has the same chroma wherever it has
the same luma. What is left when the usual chroma of each luma is taken away is colour, if a frame
shortly after shows it too: the noise there is another.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import luma, rgb_to_ycbcr

CELLS = (12, 16)
"""Cells, down and across, over which chroma is averaged: the noise of a pixel is not seen."""

LEVELS = 24
"""Levels of luma, of as many pixels each, whose median chroma is known."""

LEFT_OUT = 0.05
"""Share of the cells, the most colourful, that do not count: a channel's logo, a timecode."""

FRAMES = 200
"""Frames, spread over a film, that are looked at."""

LATER = 3
"""Frames after which a picture is looked at again: neighbours share the noise of compression."""

FRAME_QUANTILE = 0.99
"""Quantile over frames of the colour of a film. Below the maximum, because one flash must not
decide."""

NO_COLOR = 0.002
"""Colour, RMS of range 1, below which there is none. Black-and-white copies with the noise of
tape and MPEG-2 have 0.0012; the least colourful lit shot of the development clips has 0.0028."""

LITTLE_COLOR = 0.005
"""Colour, RMS of range 1, below which a person should look: toned copies have up to 0.0023, but so
has a flat green crop of a good reference."""

LEAST_CONTRAST = 0.02
"""Standard deviation of luma, of range 1, below which a frame is flat: it could be of any film."""

GREY = 0.01
"""Chroma, RMS of range 1, up to which a picture without colour counts as grey, not tinted."""


@dataclass(frozen=True)
class Colorfulness:
    """`color` is the RMS of chroma that luma does not tell, `chroma` of all chroma, of range 1."""

    color: float
    chroma: float

    @property
    def is_none(self) -> bool:
        """Whether there is nothing but grey, or one tint."""
        return self.color < NO_COLOR

    @property
    def is_tint(self) -> bool:
        """Whether there is nothing but one tint."""
        return self.is_none and self.chroma > GREY

    @property
    def is_little(self) -> bool:
        """Whether there is so little that a person should look."""
        return self.color < LITTLE_COLOR


def film_colorfulness(proxy: np.ndarray) -> Colorfulness | None:
    """How colourful a film is, from its proxy, display codes uint8 (N, h, w, 3).

    Returns:
        None where all its frames are flat.
    """
    last = len(proxy) - 1
    found = []
    count = max(1, len(proxy) - LATER)
    for place in range(0, count, max(1, count // FRAMES)):
        now, later = _picture(proxy[place]), _picture(proxy[min(place + LATER, last)])
        if luma(now).std() > LEAST_CONTRAST:
            found.append(colorfulness(now, later))
    if not found:
        return None
    color, chroma = torch.tensor(found).T
    return Colorfulness(float(torch.quantile(color, FRAME_QUANTILE)), float(chroma.median()))


def _picture(frame: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(frame)).permute(2, 0, 1).float() / 255


def colorfulness(now_rgb: Tensor, later_rgb: Tensor) -> tuple[float, float]:
    """The RMS of the chroma that luma does not tell and two pictures (3, H, W) of a shot have in
    common, and that of all chroma of the first, of range 1."""
    now, later = _colors(now_rgb), _colors(later_rgb)
    common = (now * later).sum(dim=0).flatten().sort().values
    kept = common[: round(len(common) * (1 - LEFT_OUT))]
    chroma = functional.adaptive_avg_pool2d(rgb_to_ycbcr(now_rgb)[1:], CELLS)
    spread = chroma.square().sum(dim=0).mean().sqrt()
    return float(kept.mean().clamp_min(0.0).sqrt()), float(spread)


def _colors(rgb: Tensor) -> Tensor:
    """The chroma of a picture that its luma does not tell, (2, *CELLS)."""
    ycbcr = rgb_to_ycbcr(rgb)
    y, cbcr = ycbcr[0].flatten(), ycbcr[1:].flatten(1)
    order = y.argsort()
    parts = order.tensor_split(min(LEVELS, len(order)))
    level = torch.stack([y[part].mean() for part in parts])
    usual = torch.stack([cbcr[:, part].median(dim=1).values for part in parts], dim=1)
    rest = (cbcr - _interpolated(y, level, usual)).reshape(2, *rgb.shape[1:])
    return functional.adaptive_avg_pool2d(rest, CELLS)


def _interpolated(y: Tensor, level: Tensor, usual: Tensor) -> Tensor:
    """The usual chroma (2, N) at lumas (N,), known at rising levels (L,) as (2, L)."""
    above = torch.searchsorted(level, y).clamp(1, max(len(level) - 1, 1))
    above = above.clamp_max(len(level) - 1)
    below = (above - 1).clamp_min(0)
    step = (level[above] - level[below]).clamp_min(1e-6)
    share = ((y - level[below]) / step).clamp(0.0, 1.0)
    return usual[:, below] + share * (usual[:, above] - usual[:, below])
