"""Checks that a rendered frame has the luma of its source, within the rounding of its file."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from unfade.color.rec709 import KB, KG, KR
from unfade.color.ycbcr import luma

FLOAT_TOLERANCE = 1e-5
"""Luma error of float32 colour conversion in both directions, as a share of the range."""

SMALLEST_NORMAL = 2.0**-14
"""The smallest normal half float. Below it the step is constant, and a negative component may be
rounding."""

Decode = Callable[[Tensor], Tensor]
"""Converts from the colour space of the file to the working space, both (3, H, W)."""

Step = Callable[[Tensor], Tensor]
"""The largest rounding error of values of a file, in its colour space and of the same shape."""


@dataclass(frozen=True)
class LumaFigures:
    """Luma check of one frame; luma differences are shares of the full range.

    `excess_max` is the part of the largest difference that the rounding of the file does not
    explain. Clipped pixels are left out of it, because their original values are unknown.
    `non_finite` counts values that are infinite or NaN; no other figure includes them.
    `negative` counts pixels with a component below black where the luma of the source is not.
    """

    difference_max: float
    difference_mean: float
    excess_max: float
    non_finite: int
    negative: int
    pixels: int


def check_luma(
    source_rgb: Tensor,
    written: Tensor,
    decode: Decode,
    step: Step | None = None,
    *,
    was_cut: bool = False,
) -> LumaFigures:
    """Compares every pixel of a rendered frame with its source.

    Args:
        source_rgb: (3, H, W), working space.
        written: (3, H, W), the values of the file, in its colour space.
        decode: from that space to the working space.
        step: rounding of the file's format; that of half floats if none.
        was_cut: whether values outside 0..1 were clipped in this file.
    """
    step = step or half_step
    finite = written.isfinite().all(dim=0)
    stored = torch.where(finite, written, 0.0)
    source_y = luma(source_rgb)[0]
    recovered_y = luma(decode(stored))[0]
    difference = torch.where(finite, (source_y - recovered_y).abs(), 0.0)
    upper_y = luma(decode(stored + step(stored)))[0]
    suspect = difference > (upper_y - recovered_y).abs() + FLOAT_TOLERANCE
    if was_cut:
        suspect &= ((stored > 0.0) & (stored < 1.0)).all(dim=0)
    excess_max = 0.0
    if suspect.any():
        rounding = luma_rounding(stored[:, suspect][:, None], decode, step)[0, 0]
        excess_max = max(float((difference[suspect] - rounding).max()), 0.0)
    below = (written < -SMALLEST_NORMAL).any(dim=0) & (source_y >= 0)
    return LumaFigures(
        difference_max=float(difference.max()),
        difference_mean=float(difference.double().sum() / finite.sum().clamp_min(1)),
        excess_max=excess_max,
        non_finite=int((~written.isfinite()).sum()),
        negative=int(below.sum()),
        pixels=source_y.numel(),
    )


def half_step(values: Tensor) -> Tensor:
    """Half a unit in the last place of half floats: the largest rounding error of each value."""
    _, exponent = torch.frexp(values.abs().clamp_min(SMALLEST_NORMAL))
    return torch.ldexp(torch.ones_like(values), exponent - 12)


def integer_step(bits: int) -> Step:
    """The rounding of integers: half a code value, where the largest code value stands for 1."""
    half_code = 0.5 / (2**bits - 1)
    return lambda values: torch.full_like(values, half_code)


def luma_rounding(written: Tensor, decode: Decode, step: Step | None = None) -> Tensor:
    """An upper bound of the luma error from rounding in the file, plus `FLOAT_TOLERANCE`.

    All values that round to the same three components form a box. Each R'G'B' component of the
    working space is a rising curve of a weighted sum of the file's components, so its extremes
    lie at corners of the box. The bound is the sum of the largest errors of R', G' and B', each
    times its luma weight.

    Args:
        written: (3, H, W), values in the file's colour space.
        decode: from that space to the working space.
        step: rounding of the file's format; that of half floats if none.

    Returns:
        (1, H, W), at least `FLOAT_TOLERANCE`.
    """
    centre = decode(written)
    steps = (step or half_step)(written)
    largest = torch.zeros_like(centre)
    for signs in product((-1.0, 1.0), repeat=3):
        corner = decode(written + steps * torch.tensor(signs)[:, None, None])
        largest = torch.maximum(largest, (corner - centre).abs())
    luma_weights = torch.tensor((KR, KG, KB))[:, None, None]
    return (largest * luma_weights).sum(dim=0, keepdim=True) + FLOAT_TOLERANCE
