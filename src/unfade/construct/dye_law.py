"""The law by which a frame has faded, and how far it may differ from the film's start.

The unfaded amounts of dye are an affine map of those that the scan shows. Its gains vary smoothly
over the frame, because prints fade unevenly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.rec709 import CB_SCALE, CR_SCALE, KB, KG, KR
from unfade.construct.dye_start import DyeStart, amounts_of, light_of, slope_of_light

_TO_CBCR = torch.tensor(
    [[-KR, -KG, 1 - KB], [1 - KR, -KG, -KB]], dtype=torch.float64
) / torch.tensor([[CB_SCALE], [CR_SCALE]], dtype=torch.float64)
"""From R'G'B' to Cb and Cr."""

_POWERS = 5
"""Terms of the position: x, y, their squares, and their product."""
_MEAN_SQUARE = 1 / 3
"""Of a position from -1 to 1; subtracted, so that the squares have no mean."""

GAIN, MIX, OFFSET, UNEVEN = slice(0, 3), slice(3, 12), slice(12, 15), slice(15, 15 + 3 * _POWERS)
"""The parameters: deviations of the logarithms of gains, of the mixture of dyes (3, 3), and of
offsets; and the change of gains over the frame, (3, 5)."""
PARAMETERS = UNEVEN.stop

_DEVIATIONS = ((GAIN, 0.15), (MIX, 0.06), (OFFSET, 0.15), (UNEVEN, 0.06))
"""Standard deviations of the parameters before a point is known: a frame may have lost a seventh
more or less than the film, its stock has other dyes than those assumed, and its gains vary by some
hundredths over the frame. Half or double of them change no figure by more than 0.1 CIEDE2000."""


@dataclass(frozen=True)
class FadeLaw:
    """The law of a frame with the `parameters` (30,), float64; zeros are the start."""

    start: DyeStart
    parameters: Tensor

    def __call__(self, log_rgb: Tensor, position: Tensor) -> Tensor:
        """Chroma (2, N) of the logarithm of R'G'B' (3, N) at positions (2, N), of their type."""
        _, unfaded = self._amounts(log_rgb, position)
        return _TO_CBCR.to(log_rgb.dtype) @ light_of(unfaded)

    def slope(self, log_rgb: Tensor, position: Tensor) -> Tensor:
        """The derivative of chroma by the parameters, (2, N, 30)."""
        gained, unfaded = self._amounts(log_rgb, position)
        by_amount = torch.einsum("cb,bdn->cdn", _TO_CBCR, slope_of_light(unfaded))
        mix = self._mix(log_rgb.dtype)
        by_gain = torch.einsum("cdn,dk->ckn", by_amount, mix) * gained
        even = self._gains(log_rgb.dtype)[:, None] * amounts_of(log_rgb)
        by_even = torch.einsum("cdn,dk->ckn", by_amount, mix) * even
        by_mix = by_amount[:, :, None] * gained
        by_power = by_even[:, :, None] * _powers(position)
        parts = (by_gain, by_mix.flatten(1, 2), by_amount, by_power.flatten(1, 2))
        return torch.cat(parts, dim=1).transpose(1, 2)

    def _amounts(self, log_rgb: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
        """Amounts of dye (3, N) after the gains, and after the mixture and the offsets."""
        parameters = self.parameters.to(log_rgb.dtype)
        uneven = 1 + parameters[UNEVEN].reshape(3, _POWERS) @ _powers(position)
        gained = amounts_of(log_rgb) * self._gains(log_rgb.dtype)[:, None] * uneven
        offsets = self.start.offsets.to(log_rgb.dtype) + parameters[OFFSET]
        return gained, self._mix(log_rgb.dtype) @ gained + offsets[:, None]

    def _gains(self, dtype: torch.dtype) -> Tensor:
        return (self.start.gains * self.parameters[GAIN].exp()).to(dtype)

    def _mix(self, dtype: torch.dtype) -> Tensor:
        return torch.eye(3, dtype=dtype) + self.parameters[MIX].reshape(3, 3).to(dtype)


def prior_precision() -> Tensor:
    """The inverse variances (30,) of the parameters before a point is known."""
    deviations = torch.zeros(PARAMETERS, dtype=torch.float64)
    for part, deviation in _DEVIATIONS:
        deviations[part] = deviation
    return deviations.square().reciprocal()


def _powers(position: Tensor) -> Tensor:
    x, y = position
    return torch.stack([x, y, x * x - _MEAN_SQUARE, y * y - _MEAN_SQUARE, x * y])
