"""Whether the colour of a shot flickers, over the frame and along the motion of its parts."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.geometry.motion import change_along, motion

MOTION_WIDTH = 480
"""Pixels a line of the pictures between which motion is found: grain is averaged away there."""

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


@dataclass(frozen=True)
class Change:
    """The mean absolute change of chroma along motion since the frame before, of range 1."""

    source: float
    recovered: float


class Walk:
    """Goes through frames in order, and compares each with the one before it in its shot."""

    def __init__(self) -> None:
        self._place = (0, 0)
        self._before: tuple[Tensor, Tensor] | None = None

    def step(
        self, frame: int, shot: int, source_rgb: Tensor, recovered_rgb: Tensor
    ) -> Change | None:
        """The change since the frame before, or none where a shot begins or a frame is missing.

        Args:
            frame: number of the frame.
            shot: number of its shot.
            source_rgb: live area of the scan, (3, H, W).
            recovered_rgb: the same of the rendered frame.
        """
        now = (_small_ycbcr(source_rgb), _small_ycbcr(recovered_rgb))
        before, follows = self._before, self._place == (frame - 1, shot)
        self._before, self._place = now, (frame, shot)
        if before is None or not follows:
            return None
        moved = motion(before[0][:1], now[0][:1])
        source, recovered = (
            change_along(moved, earlier[1:], later[1:])
            for earlier, later in zip(before, now, strict=True)
        )
        return Change(source, recovered)


def _small_ycbcr(rgb: Tensor) -> Tensor:
    factor = -(-rgb.shape[-1] // MOTION_WIDTH)
    return rgb_to_ycbcr(functional.avg_pool2d(rgb, factor))
