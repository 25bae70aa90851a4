"""Whether the colour of a shot flickers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr

FLICKER_QUANTILE = 0.95
"""The flicker of a shot is that of its 95th frame in a hundred: one flash does not decide."""


def mean_chroma(rgb: Tensor) -> tuple[float, float]:
    """The mean Cb and Cr of a picture (3, H, W)."""
    cb, cr = rgb_to_ycbcr(rgb)[1:].double().mean(dim=(1, 2)).tolist()
    return cb, cr


def flicker(chromas: Sequence[tuple[float, float]]) -> float | None:
    """How far the mean chroma of frames strays from that of the frames beside them.

    A steady drift, as of a pan, does not count: each frame is compared with the mean of its two
    neighbours.

    Args:
        chromas: mean Cb and Cr of consecutive frames of one shot.

    Returns:
        The 95th percentile of the distance in the Cb Cr plane, or none below three frames.
    """
    if len(chromas) < 3:
        return None
    path = torch.tensor(chromas, dtype=torch.float64)
    strayed = path[1:-1] - (path[:-2] + path[2:]) / 2
    return float(torch.quantile(torch.linalg.vector_norm(strayed, dim=1), FLICKER_QUANTILE))
