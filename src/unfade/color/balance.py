"""A neutral technical balance of faded colour: per-channel lift, gamma and gain."""

import torch
from torch import Tensor

from unfade.color.ycbcr import luma
from unfade.film.balance import Balance

ENDS = (0.005, 0.995)
"""Quantiles of a channel that are taken for its black and its white."""

BLACK, WHITE = 0.02, 0.98
"""Where they are put: the little beyond them still fits between 0 and 1."""

LEAST_RANGE = 0.1
"""Of a channel: one with less is not stretched further, as grain is stretched with it."""

MIDTONES = (0.15, 0.85)
"""Luma between which neutrals are looked for, once the ends are put."""

NEUTRALS = 0.25
"""Share of the midtones, those with the least colour, that is taken for neutral."""

GAMMAS = (0.5, 2.0)
"""Between these a gamma is believed. Beyond, the midtones are not of neutral things."""

DECIMALS = 2
"""Places that a grade is rounded to: a hundredth of it is not seen."""

ROUNDS = 8
"""Times that neutrals are looked for anew; the gammas stand still after five."""


def balance(rgb: Tensor, grade: Balance) -> Tensor:
    """R'G'B' (3, H, W), unbounded, through a balance; negative values keep their sign."""
    lift, gamma, gain = (
        rgb.new_tensor(part)[:, None, None] for part in (grade.lift, grade.gamma, grade.gain)
    )
    graded = rgb * (gain - lift) + lift
    return graded.sign() * graded.abs() ** (1 / gamma)


def find_balance(pixels: Tensor) -> Balance:
    """The balance of a film.

    Each channel's black and white are put to the same two levels; then each channel's gamma makes
    the midtones with the least colour neutral on the mean.

    Args:
        pixels: of frames from all over the film, R'G'B' (3, N), 0 to 1.
    """
    black, white = torch.quantile(pixels, pixels.new_tensor(ENDS), dim=1)
    slope = (WHITE - BLACK) / (white - black).clamp_min(LEAST_RANGE)
    lift = BLACK - slope * black
    gamma = _neutral_gamma(pixels * slope[:, None] + lift[:, None])
    return Balance(lift=_rounded(lift), gamma=_rounded(gamma), gain=_rounded(lift + slope))


def _rounded(values: Tensor) -> tuple[float, float, float]:
    """Red, green and blue as a person would say them; a frame more or less seldom alters them."""
    red, green, blue = (round(value, DECIMALS) for value in values.tolist())
    return red, green, blue


def _neutral_gamma(stretched: Tensor) -> Tensor:
    """The gamma of each channel, (3,), that makes the neutrals of pixels (3, N) neutral."""
    positive = stretched.clamp_min(BLACK / 2)
    gamma = torch.ones(3)
    for _ in range(ROUNDS):
        graded = positive ** (1 / gamma[:, None])
        y = luma(graded[:, :, None])[0, :, 0]
        midtones = (y > MIDTONES[0]) & (y < MIDTONES[1])
        if not midtones.any():
            return torch.ones(3)
        colour = (graded.amax(dim=0) - graded.amin(dim=0)) / y
        neutral = midtones & (colour <= torch.quantile(colour[midtones], NEUTRALS))
        found = positive[:, neutral].log().mean(dim=1) / y[neutral].log().mean()
        gamma = found.clamp(*GAMMAS)
    return gamma
