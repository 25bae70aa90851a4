"""A start without a reference: the dye losses of a film, estimated from its own pictures.

Equal amounts of the three dyes are neutral, and over a whole film no dye prevails: there is as much
light and dark in each. So the distribution of each dye is made that of magenta, which dark fading
hardly touches. A film with one colour throughout, such as night scenes in blue, breaks the
assumption; points correct it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.model.degrain import LOG_OFFSET
from unfade.simulate.print_film import dye_densities

MAX_LOG_LIGHT = 0.5
"""Largest logarithm of recovered R'G'B', so that colours beyond the film's stay finite."""

_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
"""Shares of the pixels at which the distributions of two dyes are compared. The ends are left out,
because dirt and frame lines lie there."""

_MAGENTA = 1
_GAINS = (0.5, 6.0)
"""Bounds of the gain of a dye: a print without fading has 1, one that has lost five sixths 6."""


@dataclass(frozen=True)
class DyeStart:
    """An affine map of the amounts of dye that a scan shows to those of the unfaded print.

    `gains` (3,) of cyan, magenta and yellow, and `offsets` (3,): what stain, base and the scanner's
    exposure add. Amounts are in the unit of the logarithm of R'G'B', float64.
    """

    gains: Tensor
    offsets: Tensor

    def unfaded(self, log_rgb: Tensor) -> Tensor:
        """R'G'B' (3, N) of the unfaded print from the logarithm (3, N)."""
        amounts = amounts_of(log_rgb) * self.gains[:, None] + self.offsets[:, None]
        return light_of(amounts)

    @property
    def lost(self) -> tuple[float, float, float]:
        """The lost shares of cyan, magenta and yellow, relative to magenta."""
        cyan, magenta, yellow = (1 - 1 / self.gains).tolist()
        return cyan, magenta, yellow


def estimate_dyes(log_rgb: Tensor) -> DyeStart:
    """The start of a film.

    Args:
        log_rgb: `logarithm` of pixels from all over the film, (3, N).
    """
    amounts = amounts_of(log_rgb)
    quantiles = torch.quantile(amounts, amounts.new_tensor(_QUANTILES), dim=1)
    wanted = quantiles[:, _MAGENTA]
    gains, offsets = [], []
    for shown in quantiles.T:
        spread = shown - shown.mean()
        gain = (spread @ (wanted - wanted.mean()) / (spread @ spread).clamp_min(1e-9)).clamp(
            *_GAINS
        )
        gains.append(gain)
        offsets.append(wanted.mean() - gain * shown.mean())
    return DyeStart(torch.stack(gains), torch.stack(offsets))


def logarithm(rgb: Tensor) -> Tensor:
    """The logarithm of R'G'B', in which dyes add up; of the same type."""
    return (rgb.clamp_min(0.0) + LOG_OFFSET).log()


def rgb_of(log_rgb: Tensor) -> Tensor:
    """R'G'B' of its `logarithm`."""
    return log_rgb.exp() - LOG_OFFSET


def amounts_of(log_rgb: Tensor) -> Tensor:
    """Amounts of cyan, magenta and yellow (3, N) from the logarithm of R'G'B' (3, N)."""
    amounts: Tensor = torch.linalg.solve(dye_densities().to(log_rgb.dtype), -log_rgb)
    return amounts


def light_of(amounts: Tensor) -> Tensor:
    """R'G'B' (3, N) from amounts of cyan, magenta and yellow (3, N)."""
    return rgb_of(_log_light(amounts).clamp(max=MAX_LOG_LIGHT))


def slope_of_light(amounts: Tensor) -> Tensor:
    """The derivative of `light_of` by the amounts, (3 bands, 3 dyes, N)."""
    log_rgb = _log_light(amounts)
    light = log_rgb.exp().masked_fill(log_rgb > MAX_LOG_LIGHT, 0.0)
    return -dye_densities().to(amounts.dtype)[:, :, None] * light[:, None]


def _log_light(amounts: Tensor) -> Tensor:
    return -(dye_densities().to(amounts.dtype) @ amounts)
