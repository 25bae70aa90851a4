"""Error of predicted chroma against the ground truth, at source luma."""

import torch
from torch import Tensor

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.model import HeldOut


def chroma_difference(y: Tensor, cbcr_1: Tensor, cbcr_2: Tensor) -> Tensor:
    """CIEDE2000 (1, H, W) between two chromas (2, H, W) at the luma `y` (1, H, W)."""
    first, second = (ycbcr_to_rgb(torch.cat([y, cbcr])) for cbcr in (cbcr_1, cbcr_2))
    return rgb_difference(first, second)


def difference_from_truth(truth_rgb: Tensor, cbcr: Tensor) -> Tensor:
    """CIEDE2000 of predicted chroma at the luma of the ground truth.

    Args:
        truth_rgb: ground truth, (3, H, W): luma of the source, chroma of the reference.
        cbcr: the prediction, (2, H, W).

    Returns:
        (1, H, W).
    """
    y = luma(truth_rgb)
    return rgb_difference(truth_rgb, ycbcr_to_rgb(torch.cat([y, cbcr])))


def chroma_error(
    truth_rgb: Tensor, cbcr: Tensor, weight: Tensor, difference: Tensor | None = None
) -> HeldOut:
    """Weighted mean error of predicted chroma over one picture.

    Args:
        truth_rgb: ground truth, (3, H, W): luma of the source, chroma of the reference.
        cbcr: the prediction, (2, H, W).
        weight: confidence of each pixel of the ground truth, (1, H, W), not all zero.
        difference: `difference_from_truth` of the same pictures if it is known.
    """
    if difference is None:
        difference = difference_from_truth(truth_rgb, cbcr)
    share = weight / weight.sum()
    distance = (rgb_to_ycbcr(truth_rgb)[1:] - cbcr).abs().mean(dim=0, keepdim=True)
    return HeldOut(
        ciede2000=float((difference * share).sum()), chroma=float((distance * share).sum())
    )


def mean_error(errors: list[HeldOut]) -> HeldOut:
    """The mean over pictures."""
    return HeldOut(
        ciede2000=sum(error.ciede2000 for error in errors) / len(errors),
        chroma=sum(error.chroma for error in errors) / len(errors),
    )
