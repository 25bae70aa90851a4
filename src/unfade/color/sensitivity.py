"""Visibility of small chroma errors: the metric of the training loss."""

import torch
from torch import Tensor

from unfade.color.difference import ciede2000, rgb_to_lab
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.geometry.bands import BAND_PIXELS

CHROMA_STEP = 0.01
"""Change of Cb or Cr for the finite difference: a few just noticeable differences."""

SENSITIVITY_FLOOR = 100.0
"""CIEDE2000 per unit of chroma, added in squares to the sensitivity of every pixel. A third of the
value in midtones, because dark pixels also show how the dyes faded (decisions/02)."""


def sensitivity(truth_ycbcr: Tensor) -> Tensor:
    """Metric of the loss: squared CIEDE2000 of small chroma errors, plus `SENSITIVITY_FLOOR`.

    Args:
        truth_ycbcr: (N, 3).

    Returns:
        (N, 3): `a`, `b`, `c`. The squared loss of an error in Cb and Cr is
        a Cb^2 + 2 b Cb Cr + c Cr^2.
    """
    floor = truth_ycbcr.new_tensor([SENSITIVITY_FLOOR**2, 0.0, SENSITIVITY_FLOOR**2])
    return _visible_form(truth_ycbcr) + floor


def perceptual_error(error_cbcr: Tensor, metric: Tensor) -> Tensor:
    """Approximate CIEDE2000 (..., N) of chroma errors (..., N, 2) under a `sensitivity` (N, 3)."""
    cb, cr = error_cbcr[..., 0], error_cbcr[..., 1]
    a, b, c = metric.unbind(dim=-1)
    return (a * cb**2 + 2 * b * cb * cr + c * cr**2 + 1e-6).sqrt()


def visibility(ycbcr: Tensor) -> Tensor:
    """CIEDE2000 (N,) per unit of chroma at YCbCr (N, 3), averaged over directions of Cb and Cr.

    `SENSITIVITY_FLOOR` is left out: this is what an observer sees, not what the loss counts.
    """
    form = _visible_form(ycbcr)
    return ((form[:, 0] + form[:, 2]) / 2).sqrt()


def _visible_form(ycbcr: Tensor) -> Tensor:
    """Quadratic form of squared CIEDE2000: `a`, `b` and `c` (N, 3) as in `sensitivity`."""
    return torch.cat([_form_of_some(some) for some in torch.split(ycbcr, BAND_PIXELS)])


def _form_of_some(ycbcr: Tensor) -> Tensor:
    planes = ycbcr.T[:, :, None]
    lab = rgb_to_lab(ycbcr_to_rgb(planes))

    def square(cb: float, cr: float) -> Tensor:
        total = torch.zeros_like(planes[0, :, 0])
        for sign in (-CHROMA_STEP, CHROMA_STEP):
            moved = planes + planes.new_tensor([0.0, cb, cr])[:, None, None] * sign
            total += ciede2000(lab, rgb_to_lab(ycbcr_to_rgb(moved)))[0, :, 0] ** 2
        return total / (2 * CHROMA_STEP**2)

    a, c = square(1, 0), square(0, 1)
    b = (square(1, 1) - a - c) / 2
    b = b.clamp(-0.99 * (a * c).sqrt(), 0.99 * (a * c).sqrt())
    return torch.stack([a, b, c], dim=1)
