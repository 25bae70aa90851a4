"""Checks that a rendered frame has the luma of its source, within the rounding of its file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from unfade.color.finite import all_finite, count_not_finite
from unfade.color.rec709 import KB, KG, KR
from unfade.color.ycbcr import luma
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.geometry.bands import bands

FLOAT_TOLERANCE = 1e-5
"""Luma error of float32 colour conversion in both directions, as a share of the range."""

SMALLEST_NORMAL = 2.0**-14
"""The smallest normal half float. Below it the step is constant, and a negative component may be
rounding."""

MIN_HALF_SHARE = 2.0**-12
"""The smallest rounding error of a half float, as a share of its value: just below a power of two.
"""

RAMP_GREYS = 1024
"""Number of greys from which `_share_of_power` is found, from the smallest normal half float to
`GREYS_WHITE`."""

GREYS_WHITE = 16.0
"""Linear light of the brightest of them: four stops above white."""

POWER_TOLERANCE = 0.01
"""Relative deviation of that share over the greys, which float32 stays below."""

CORNER_PIXELS = 4096
"""About the number of pixels, spread over the frame, that decide in which order the corners of the
box of values are tested. Any order gives the same figures; a poor one takes more time."""

_EXPONENT_BITS = 0x7F800000
"""Mask of the exponent of a float32; it leaves the power of two below a normal positive value."""

_CORNERS = tuple(torch.tensor(signs)[:, None, None] for signs in product((-1.0, 1.0), repeat=3))
"""Signs (3, 1, 1) of the rounding errors at the corners of the box of values."""

_LUMA_WEIGHTS = torch.tensor((KR, KG, KB))[:, None, None]

Decode = Callable[[Tensor], Tensor]
"""Converts from the colour space of the file to the working space, both (3, H, W)."""

Step = Callable[[Tensor], Tensor]
"""The largest rounding error of values of a file, in its colour space and of the same shape."""


Explanation = Callable[[Tensor, Tensor, Tensor], Tensor]
"""A part (1, H, W) of the luma error that rounding may have, from the values of a file, the same in
the working space, both (3, H, W), and their luma (1, H, W)."""


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


def check_master(
    source_rgb: Tensor, written: Tensor, rendering: Rendering, frame: RenderedFrame, decode: Decode
) -> tuple[LumaFigures, Tensor]:
    """The luma figures of a master, and its values in the working space (3, H, W), 0 where they are
    not finite.

    Args:
        source_rgb: (3, H, W), working space.
        written: (3, H, W), the values of the file, in its colour space.
        rendering: the format of the file.
        frame: the master.
        decode: from the colour space of the file to the working space.
    """
    recovered_rgb = torch.empty_like(written)
    for lines in bands(*written.shape[-2:]):
        recovered_rgb[:, lines] = decode(written[:, lines].nan_to_num(0.0, 0.0, 0.0))
    step = half_step if rendering.format == "exr" else integer_step(rendering.bits)
    was_cut = frame.cut > 0
    figures = check_luma(source_rgb, written, recovered_rgb, decode, step, was_cut=was_cut)
    return figures, recovered_rgb


def check_luma(
    source_rgb: Tensor,
    written: Tensor,
    recovered_rgb: Tensor,
    decode: Decode,
    step: Step | None = None,
    *,
    was_cut: bool = False,
) -> LumaFigures:
    """Compares every pixel of a rendered frame with its source.

    Args:
        source_rgb: (3, H, W), working space.
        written: (3, H, W), the values of the file, in its colour space.
        recovered_rgb: (3, H, W), the same values in the working space; any value where one is not
            finite.
        decode: from the colour space of the file to the working space.
        step: rounding of the file's format; that of half floats if none.
        was_cut: whether values outside 0..1 were clipped in this file.
    """
    height, width = source_rgb.shape[-2:]
    difference, negative = torch.empty(height, width), 0
    finite, suspect = (torch.empty(height, width, dtype=torch.bool) for _ in range(2))
    step = step or half_step
    corners = _corners_by_width(written, decode, step)
    explained = _quick_explanation(decode, step, corners[0])
    for lines in bands(height, width):
        faded_rgb, values = source_rgb[:, lines], written[:, lines]
        difference[lines], finite[lines], suspect[lines] = _compare(
            faded_rgb, values, recovered_rgb[:, lines], explained
        )
        if was_cut:
            suspect[lines] &= ((values > 0.0) & (values < 1.0)).all(dim=0)
        negative += _count_negative(faded_rgb, values)
    suspects = suspect.flatten().nonzero()[:, 0]
    unexplained, stored = difference.flatten()[suspects], written.flatten(1)[:, suspects]
    return LumaFigures(
        difference_max=float(difference.max()),
        difference_mean=float(difference.sum(dtype=torch.float64) / finite.sum().clamp_min(1)),
        excess_max=_excess(unexplained, stored, decode, step, corners),
        non_finite=0 if finite.all() else count_not_finite(written),
        negative=negative,
        pixels=finite.numel(),
    )


def _compare(
    source_rgb: Tensor, written: Tensor, recovered_rgb: Tensor, explained: Explanation
) -> tuple[Tensor, Tensor, Tensor]:
    """Of each pixel (H, W): the luma difference; whether the values of the file are finite; and
    whether the difference needs a closer look, because more of it is left than `explained`."""
    recovered_y = luma(recovered_rgb)
    difference = (luma(source_rgb) - recovered_y).abs_()[0]
    finite = torch.ones_like(difference, dtype=torch.bool)
    if not all_finite(written):
        finite = written.isfinite().all(dim=0)
        difference = torch.where(finite, difference, 0.0)
        written = torch.where(finite, written, 0.0)
    rounding = explained(written, recovered_rgb, recovered_y)[0]
    return difference, finite, difference > rounding + FLOAT_TOLERANCE


def _quick_explanation(decode: Decode, step: Step, corner: Tensor) -> Explanation:
    """A part of the luma error that rounding may have: by the share of luma if there is one, else
    by one corner of the box of values that round to those of the file, which takes a conversion."""
    share = _share_of_power(decode) if step is half_step else None
    if share is not None:
        return lambda written, recovered_rgb, recovered_y: recovered_y.abs() * share

    def by_corner(written: Tensor, recovered_rgb: Tensor, recovered_y: Tensor) -> Tensor:
        change = decode(written + step(written) * corner).sub_(recovered_rgb).abs_()
        return _weighted(change)

    return by_corner


def _share_of_power(decode: Decode) -> float | None:
    """The share of luma that the rounding of half floats may change in any pixel; none unless the
    conversion is a power of weighted sums, as greys of the usual range show.

    All values may grow by `MIN_HALF_SHARE` at once within their rounding. A power then changes each
    of R', G' and B' by the same share of itself, whatever the weights. That of greys shows it.
    """
    black, white = torch.tensor((SMALLEST_NORMAL, GREYS_WHITE)).log2()
    grey = torch.logspace(float(black), float(white), RAMP_GREYS, base=2.0).expand(3, 1, -1)
    before = decode(grey.contiguous())
    shares = decode(grey * (1 + MIN_HALF_SHARE)) / before - 1
    least, most = float(shares.min()), float(shares.max())
    if not 0 < most < (1 + POWER_TOLERANCE) * least:
        return None
    return least


def _corners_by_width(written: Tensor, decode: Decode, step: Step) -> list[Tensor]:
    """Signs (3, 1, 1) of all corners of the box of values, by the share of the bound of `_excess`
    that they have, the largest first.

    The conversion subtracts components from one another: from ACES2065-1, a corner at which green
    differs in sign has nine tenths of the bound, and one at which all are larger half of it.
    """
    stride = max(1, written[0].numel() // CORNER_PIXELS)
    some = written.flatten(1)[:, None, ::stride].nan_to_num(0.0, 0.0, 0.0)
    centre, steps = decode(some), step(some)
    changes = [(decode(some + steps * signs) - centre).abs() for signs in _CORNERS]
    bound = _weighted(torch.stack(changes).amax(dim=0)) + FLOAT_TOLERANCE
    shares = [float((_weighted(change) / bound).mean()) for change in changes]
    order = sorted(range(len(shares)), key=lambda index: -shares[index])
    return [_CORNERS[index] for index in order]


def _weighted(change: Tensor) -> Tensor:
    """Luma error (1, H, W) of errors of R', G' and B' (3, H, W) that add up."""
    return (change * _LUMA_WEIGHTS).sum(dim=0, keepdim=True)


def _count_negative(source_rgb: Tensor, written: Tensor) -> int:
    """Number of pixels with a component below black where the luma of the source is not."""
    if written.min() >= -SMALLEST_NORMAL:
        return 0
    return int(((written < -SMALLEST_NORMAL).any(dim=0) & (luma(source_rgb)[0] >= 0)).sum())


def _excess(
    difference: Tensor, stored: Tensor, decode: Decode, step: Step, corners: Sequence[Tensor]
) -> float:
    """The largest part of luma differences (N,) that the rounding of values (3, N) does not
    explain. Pixels that some of the corners explain are left out early.

    All values that round to the same three components form a box. Each R'G'B' component of the
    working space is a rising curve of a weighted sum of the file's components, so its extremes
    lie at corners of the box. The bound of the luma error is the sum of the largest errors of R',
    G' and B', each times its luma weight.
    """
    if not len(difference):
        return 0.0
    stored = stored[:, None]
    centre, steps = decode(stored), step(stored)
    largest = torch.zeros_like(stored)
    for signs in corners:
        change = (decode(stored + steps * signs) - centre).abs()
        largest = torch.maximum(largest, change)
        left = difference > (_weighted(largest) + FLOAT_TOLERANCE)[0, 0]
        difference = difference[left]
        if not len(difference):
            return 0.0
        stored, centre, steps, largest = (
            one[..., left] for one in (stored, centre, steps, largest)
        )
    rounding = _weighted(largest) + FLOAT_TOLERANCE
    return max(float((difference - rounding[0, 0]).max()), 0.0)


def half_step(values: Tensor) -> Tensor:
    """Half a unit in the last place of half floats: the largest rounding error of each value."""
    bits = values.abs().clamp_min_(SMALLEST_NORMAL).view(torch.int32)
    power_below: Tensor = bits.bitwise_and_(_EXPONENT_BITS).view(torch.float32)
    return power_below.mul_(2.0**-11)


def integer_step(bits: int) -> Step:
    """The rounding of integers: half a code value, where the largest code value stands for 1."""
    half_code = 0.5 / (2**bits - 1)
    return lambda values: torch.full_like(values, half_code)
