"""A neutral technical balance of faded colour: per-channel lift, gamma and gain, or what undoes the
losses of dyes."""

import torch
from torch import Tensor

from unfade.color.log_light import logarithm, unfaded
from unfade.color.ycbcr import luma
from unfade.film.balance import Balance, DyeBalance, FilmGrade

END_QUANTILES = (0.005, 0.995)
"""Quantiles of a channel that count as its black and its white. Not the extremes, because dirt and
scratches reach those."""

BLACK_LEVEL, WHITE_LEVEL = 0.02, 0.98
"""R'G'B' levels of black and white after the balance. The margin keeps pixels beyond the quantiles
within 0 to 1."""

MIN_CHANNEL_RANGE = 0.1
"""Smallest R'G'B' range that is stretched in full. A narrower channel is stretched less, because
its grain is stretched too."""

MIDTONE_LUMA = (0.15, 0.85)
"""Luma range in which neutrals are searched, after the ends are set."""

NEUTRAL_SHARE = 0.25
"""Share of the midtones that counts as neutral: the pixels with the least colour."""

GAMMA_RANGE = (0.5, 2.0)
"""Lowest and highest gamma. A value beyond means that the midtones hold no neutral surface."""

GRADE_DECIMALS = 2
"""Decimals of a grade. A change of 0.01 is not visible, and rounding keeps the grade stable when a
frame is added or removed."""

GAMMA_ROUNDS = 8
"""Rounds of the search for neutrals. The gammas stop changing after five."""


def balance(rgb: Tensor, grade: FilmGrade) -> Tensor:
    """Applies a balance to unbounded R'G'B' (3, H, W). Negative values keep their sign under lift,
    gamma and gain; they count as black where losses of dyes are undone."""
    if isinstance(grade, DyeBalance):
        return unfaded(logarithm(rgb), rgb.new_tensor(grade.log_map))
    lift, gamma, gain = (
        rgb.new_tensor(part)[:, None, None] for part in (grade.lift, grade.gamma, grade.gain)
    )
    graded = rgb * (gain - lift) + lift
    return graded.sign() * graded.abs() ** (1 / gamma)


def find_balance(pixels: Tensor) -> Balance:
    """The balance of a film.

    Lift and gain set the black and the white of every channel to the same two levels. Gamma then
    makes the mean of the least colourful midtones neutral.

    Args:
        pixels: R'G'B' (3, N), 0 to 1, from frames spread over the film.
    """
    black, white = torch.quantile(pixels, pixels.new_tensor(END_QUANTILES), dim=1)
    slope = (WHITE_LEVEL - BLACK_LEVEL) / (white - black).clamp_min(MIN_CHANNEL_RANGE)
    lift = BLACK_LEVEL - slope * black
    gamma = _neutral_gamma(pixels * slope[:, None] + lift[:, None])
    return Balance(lift=_rounded(lift), gamma=_rounded(gamma), gain=_rounded(lift + slope))


def _rounded(values: Tensor) -> tuple[float, float, float]:
    red, green, blue = (round(value, GRADE_DECIMALS) for value in values.tolist())
    return red, green, blue


def _neutral_gamma(stretched: Tensor) -> Tensor:
    """Gamma of each channel, (3,), that makes the neutrals among pixels (3, N) grey."""
    positive = stretched.clamp_min(BLACK_LEVEL / 2)
    gamma = torch.ones(3)
    for _ in range(GAMMA_ROUNDS):
        graded = positive ** (1 / gamma[:, None])
        y = luma(graded[:, :, None])[0, :, 0]
        midtones = (y > MIDTONE_LUMA[0]) & (y < MIDTONE_LUMA[1])
        if not midtones.any():
            return torch.ones(3)
        colour = (graded.amax(dim=0) - graded.amin(dim=0)) / y
        neutral = midtones & (colour <= torch.quantile(colour[midtones], NEUTRAL_SHARE))
        neutral_gamma = positive[:, neutral].log().mean(dim=1) / y[neutral].log().mean()
        gamma = neutral_gamma.clamp(*GAMMA_RANGE)
    return gamma
