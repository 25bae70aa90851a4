"""Whether a rendered frame holds the luma of its source, to the rounding of its file."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from unfade.color.ycbcr import KB, KG, KR, luma

FLOAT_TOLERANCE = 1e-5
"""Luma that float32 colour conversion there and back may move, as a share of the range."""

SMALLEST_NORMAL = 2.0**-14
"""The smallest normal half. Below it steps get no finer, and a negative component is rounding."""

Decode = Callable[[Tensor], Tensor]
"""From the colour space of the file to the working space, both (3, H, W)."""

Step = Callable[[Tensor], Tensor]
"""The most that rounding moved values of a file, in its own colour space, of the same shape."""


@dataclass(frozen=True)
class LumaFigures:
    """What one frame's check found; luma as shares of the full range.

    `excess_max` is how far the worst pixel is beyond what the rounding of the file explains.
    `non_finite` counts values that are infinite or no number; they are in no other figure.
    `negative` counts pixels with a component below black where the source's luma is not.
    Pixels at an end of a range that cut values are not in `excess_max`: what was cut is unknown.
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
        written: (3, H, W), the values of the file, in its own colour space.
        decode: from that space to the working space.
        step: of the file's format; of half floats when none.
        was_cut: values outside 0 to 1 are cut in this file.
    """
    step = step or half_step
    finite = written.isfinite().all(dim=0)
    stored = torch.where(finite, written, 0.0)
    source_y = luma(source_rgb)[0]
    recovered_y = luma(decode(stored))[0]
    difference = torch.where(finite, (source_y - recovered_y).abs(), 0.0)
    upper_y = luma(decode(stored + step(stored)))[0]
    doubtful = difference > (upper_y - recovered_y).abs() + FLOAT_TOLERANCE
    if was_cut:
        doubtful &= ((stored > 0.0) & (stored < 1.0)).all(dim=0)
    excess_max = 0.0
    if doubtful.any():
        rounding = luma_rounding(stored[:, doubtful][:, None], decode, step)[0, 0]
        excess_max = max(float((difference[doubtful] - rounding).max()), 0.0)
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
    """Half a unit in the last place of half-float values: the most that rounding moved them."""
    _, exponent = torch.frexp(values.abs().clamp_min(SMALLEST_NORMAL))
    return torch.ldexp(torch.ones_like(values), exponent - 12)


def integer_step(bits: int) -> Step:
    """The step of integers: half a code, where the greatest code is 1."""
    half_code = 0.5 / (2**bits - 1)
    return lambda values: torch.full_like(values, half_code)


def luma_rounding(written: Tensor, decode: Decode, step: Step | None = None) -> Tensor:
    """The most luma that rounding in the file can have moved, and `FLOAT_TOLERANCE`.

    Each R'G'B' component of the working space is a rising curve of a weighted sum of the file's
    three, so over all values that round to the same ones it is extreme at a corner of their
    box. The bound adds up what the components can move at most.

    Args:
        written: (3, H, W), values in the file's colour space.
        decode: from that space to the working space.
        step: of the file's format; of half floats when none.

    Returns:
        (1, H, W), at least `FLOAT_TOLERANCE`.
    """
    centre = decode(written)
    steps = (step or half_step)(written)
    furthest = torch.zeros_like(centre)
    for signs in product((-1.0, 1.0), repeat=3):
        corner = decode(written + steps * torch.tensor(signs)[:, None, None])
        furthest = torch.maximum(furthest, (corner - centre).abs())
    share = torch.tensor((KR, KG, KB))[:, None, None]
    return (furthest * share).sum(dim=0, keepdim=True) + FLOAT_TOLERANCE
