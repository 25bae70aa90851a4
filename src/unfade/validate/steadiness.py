"""Temporal steadiness of colour: flicker of the whole frame, and change along motion."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.geometry.motion import change_along, optical_flow

MOTION_WIDTH_PX = 480
"""Greatest width of the pictures for optical flow: at this size averaging removes the grain."""

FLICKER_QUANTILE = 0.95
"""Quantile over the frames of a shot: not the maximum, so that one flash does not decide."""


def mean_chroma(rgb: Tensor) -> tuple[float, float]:
    """The mean Cb and Cr of a picture (3, H, W)."""
    cb, cr = rgb_to_ycbcr(rgb)[1:].double().mean(dim=(1, 2)).tolist()
    return cb, cr


def flicker(chromas: Sequence[tuple[float, float]]) -> float | None:
    """The flicker of mean chroma: distance of each frame from the mean of its two neighbours.

    A steady drift, such as that of a pan, gives 0.

    Args:
        chromas: mean Cb and Cr of consecutive frames of one shot.

    Returns:
        The 95th percentile of the distance in the Cb Cr plane; none for fewer than three frames.
    """
    if len(chromas) < 3:
        return None
    cbcr = torch.tensor(chromas, dtype=torch.float64)
    deviation = cbcr[1:-1] - (cbcr[:-2] + cbcr[2:]) / 2
    return float(torch.quantile(torch.linalg.vector_norm(deviation, dim=1), FLICKER_QUANTILE))


@dataclass(frozen=True)
class ChromaChange:
    """Mean absolute change of chroma along motion since the frame before; the full range is 1."""

    source: float
    recovered: float


class ChromaChangeMeter:
    """Compares each frame with the one before it in its shot; frames are given in order."""

    def __init__(self) -> None:
        self._frame_and_shot = (0, 0)
        self._before: tuple[Tensor, Tensor] | None = None

    def add(
        self, frame: int, shot: int, source_rgb: Tensor, recovered_rgb: Tensor
    ) -> ChromaChange | None:
        """The change since the frame before; none if a shot begins or the frame before is missing.

        Args:
            frame: number of the frame.
            shot: number of its shot.
            source_rgb: live area of the scan, (3, H, W).
            recovered_rgb: live area of the rendered frame, (3, H, W).
        """
        now = (_small_ycbcr(source_rgb), _small_ycbcr(recovered_rgb))
        before, follows = self._before, self._frame_and_shot == (frame - 1, shot)
        self._before, self._frame_and_shot = now, (frame, shot)
        if before is None or not follows:
            return None
        motion = optical_flow(before[0][:1], now[0][:1])
        source, recovered = (
            change_along(motion, earlier[1:], later[1:])
            for earlier, later in zip(before, now, strict=True)
        )
        return ChromaChange(source, recovered)


def _small_ycbcr(rgb: Tensor) -> Tensor:
    factor = -(-rgb.shape[-1] // MOTION_WIDTH_PX)
    return rgb_to_ycbcr(functional.avg_pool2d(rgb, factor))
