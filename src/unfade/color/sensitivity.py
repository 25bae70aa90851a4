"""How strongly an error of chroma is seen, which is what the network is taught to make small."""

import torch
from torch import Tensor

from unfade.color.difference import ciede2000, rgb_to_lab
from unfade.color.ycbcr import ycbcr_to_rgb

STEP = 0.01
"""Change of Cb or Cr by which it is measured: a few of the least visible differences."""

FLOOR = 100.0
"""CIEDE2000 per unit of chroma, added in squares to the weight of every error: a third of the
weight in midtones, because dark pixels also show how dyes faded."""


def sensitivity(truth_ycbcr: Tensor) -> Tensor:
    """What small errors of chroma count in the loss: their CIEDE2000 with `FLOOR` added.

    Args:
        truth_ycbcr: (N, 3).

    Returns:
        (N, 3): `a`, `b`, `c`, so that its square is a Cb^2 + 2 b Cb Cr + c Cr^2 for an error of
        Cb and Cr.
    """
    a, b, c = _seen(truth_ycbcr)
    return torch.stack([a + FLOOR**2, b, c + FLOOR**2], dim=1)


def seen_error(error_cbcr: Tensor, form: Tensor) -> Tensor:
    """About the CIEDE2000 (..., N) of errors of chroma (..., N, 2) under `sensitivity` (N, 3)."""
    cb, cr = error_cbcr[..., 0], error_cbcr[..., 1]
    a, b, c = form.unbind(dim=-1)
    return (a * cb**2 + 2 * b * cb * cr + c * cr**2 + 1e-6).sqrt()


def visibility(ycbcr: Tensor) -> Tensor:
    """CIEDE2000 (N,) per unit of chroma at YCbCr (N, 3), in the mean over directions of Cb and Cr.

    It is what is seen, without `FLOOR`.
    """
    a, _, c = _seen(ycbcr)
    return ((a + c) / 2).sqrt()


def _seen(ycbcr: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The CIEDE2000 of small errors of chroma: `a`, `b` and `c` (N,) as in `sensitivity`."""
    planes = ycbcr.T[:, :, None]
    lab = rgb_to_lab(ycbcr_to_rgb(planes))

    def square(cb: float, cr: float) -> Tensor:
        total = torch.zeros_like(planes[0, :, 0])
        for sign in (-STEP, STEP):
            moved = planes + planes.new_tensor([0.0, cb, cr])[:, None, None] * sign
            total += ciede2000(lab, rgb_to_lab(ycbcr_to_rgb(moved)))[0, :, 0] ** 2
        return total / (2 * STEP**2)

    a, c = square(1, 0), square(0, 1)
    b = (square(1, 1) - a - c) / 2
    b = b.clamp(-0.99 * (a * c).sqrt(), 0.99 * (a * c).sqrt())
    return a, b, c
