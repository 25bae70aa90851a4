"""A start without a reference: the dye losses of a film, estimated from its own pictures.

Equal amounts of the three dyes are neutral, and over a whole film no dye prevails: there is as much
light and dark in each. So the distribution of each dye is made that of magenta, which dark fading
hardly touches. A film with one colour throughout, such as night scenes in blue, breaks the
assumption; points correct it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from unfade.color.log_light import MAX_LOG_LIGHT, logarithm, rgb_of, unfaded
from unfade.film.balance import DyeBalance
from unfade.simulate.print_film import dye_densities

_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
"""Shares of the pixels at which the distributions of two dyes are compared. The ends are left out,
because dirt and frame lines lie there."""

_FILM_FRAMES = 300
"""Frames from which the dye losses of a film are estimated, spread over all of it."""
_FILM_STEP_PX = 7
"""Distance of the proxy's pixels that count: 400 a frame."""

_MAGENTA = 1
_GAIN_BOUNDS = (0.5, 6.0)
"""Bounds of the gain of a dye: a print without fading has 1, one that has lost five sixths 6."""
_UNFADED_SPREAD = 1e-3
"""Squared amount of dye, over all quantiles, as which a gain of 1 counts, so that a film of one
brightness counts as unfaded. An ordinary film has some 1."""


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
        return unfaded(log_rgb, self._log_map)

    @property
    def lost(self) -> tuple[float, float, float]:
        """The lost shares of cyan, magenta and yellow, relative to magenta."""
        cyan, magenta, yellow = (1 - 1 / self.gains).tolist()
        return cyan, magenta, yellow

    @property
    def balance(self) -> DyeBalance:
        """The same as a balance of the film."""
        red, green, blue = (tuple(row) for row in self._log_map.tolist())
        return DyeBalance(lost=self.lost, log_map=(red, green, blue))

    @cached_property
    def _log_map(self) -> Tensor:
        """The affine map (3, 4) of the logarithm."""
        densities = dye_densities().to(self.gains.dtype)
        mix = densities @ torch.diag(self.gains) @ torch.linalg.inv(densities)
        return torch.cat([mix, -densities @ self.offsets[:, None]], dim=1)


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
        shared = spread @ (wanted - wanted.mean())
        gain = (shared + _UNFADED_SPREAD) / (spread @ spread + _UNFADED_SPREAD)
        gain = gain.clamp(*_GAIN_BOUNDS)
        gains.append(gain)
        offsets.append(wanted.mean() - gain * shown.mean())
    return DyeStart(torch.stack(gains), torch.stack(offsets))


def film_dyes(proxy: np.ndarray) -> DyeStart:
    """The start of a film from the proxy of its scan, uint8 (frames, h, w, 3)."""
    frames = np.linspace(0, len(proxy) - 1, min(len(proxy), _FILM_FRAMES)).round().astype(int)
    pixels = [proxy[frame, ::_FILM_STEP_PX, ::_FILM_STEP_PX].reshape(-1, 3) for frame in frames]
    return estimate_dyes(logarithm(torch.from_numpy(np.concatenate(pixels).T / 255.0)))


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
