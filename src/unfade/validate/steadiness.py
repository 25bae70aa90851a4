"""Temporal steadiness of colour: flicker of the whole frame, and change along motion."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import torch
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.geometry.motion import change_along, optical_flow
from unfade.model.resample import downsample

MOTION_WIDTH_PX = 480
"""Greatest width of the pictures for optical flow: at this size averaging removes the grain."""

FLICKER_QUANTILE = 0.95
"""Quantile over the frames of a shot: not the maximum, so that one flash does not decide."""


def mean_chroma(rgb: Tensor) -> tuple[float, float]:
    """The mean Cb and Cr of a picture (3, H, W): those of its mean, because they are linear."""
    means = [cv2.mean(plane)[0] for plane in rgb.numpy()]
    _, cb, cr = rgb_to_ycbcr(torch.tensor(means, dtype=torch.float64)[:, None, None])
    return float(cb), float(cr)


def flicker(
    chromas: Sequence[tuple[float, float]], frames: Sequence[int] | None = None
) -> float | None:
    """The flicker of mean chroma: distance of each frame from the mean of its two neighbours.

    A steady drift, such as that of a pan, gives 0.

    Args:
        chromas: mean Cb and Cr of frames of one shot, in order.
        frames: their numbers; None if they are consecutive. A frame without both neighbours does
            not count.

    Returns:
        The 95th percentile of the distance in the Cb Cr plane; none without three frames in a row.
    """
    numbers = torch.tensor(range(len(chromas)) if frames is None else frames)
    cbcr = torch.tensor(chromas, dtype=torch.float64)
    in_a_row = numbers[2:] - numbers[:-2] == 2
    if not in_a_row.any():
        return None
    deviation = (cbcr[1:-1] - (cbcr[:-2] + cbcr[2:]) / 2)[in_a_row]
    return float(torch.quantile(torch.linalg.vector_norm(deviation, dim=1), FLICKER_QUANTILE))


@dataclass(frozen=True)
class ChromaChange:
    """Mean absolute change of chroma along motion since the frame before; the full range is 1."""

    source: float
    recovered: float


@dataclass(frozen=True)
class SmallFrame:
    """A frame at the size for optical flow: number of the frame and of its shot, and Y'CbCr
    (3, h, w) of the scan and of the recovered picture."""

    frame: int
    shot: int
    source: Tensor
    recovered: Tensor


def small_frame(frame: int, shot: int, source_rgb: Tensor, recovered_rgb: Tensor) -> SmallFrame:
    """A frame for `chroma_change`, from the live areas (3, H, W) of scan and recovered picture."""
    return SmallFrame(frame, shot, _small_ycbcr(source_rgb), _small_ycbcr(recovered_rgb))


def chroma_change(before: SmallFrame | None, now: SmallFrame) -> ChromaChange | None:
    """The change from the frame before; none if a shot begins or the frame before is missing."""
    if before is None or (before.frame + 1, before.shot) != (now.frame, now.shot):
        return None
    motion = optical_flow(before.source[:1], now.source[:1])
    return ChromaChange(
        source=change_along(motion, before.source[1:], now.source[1:]),
        recovered=change_along(motion, before.recovered[1:], now.recovered[1:]),
    )


def _small_ycbcr(rgb: Tensor) -> Tensor:
    return rgb_to_ycbcr(downsample(rgb, -(-rgb.shape[-1] // MOTION_WIDTH_PX)))
