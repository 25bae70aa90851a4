"""Laws of a frame's colour: how it starts without points, and in which ways points change it.

Without pairs the start is the dyes of the film: the unfaded amounts are an affine map of those that
the scan shows, with gains that vary smoothly over the frame, because prints fade unevenly. Where
other shots have pairs it is the chroma of the film's model.
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

_MODEL_DEVIATIONS = (0.01, 0.1, 0.1, 0.01, 0.01, 0.05, 0.05, 0.05, 0.05)
"""Standard deviations of the parameters of `ModelLaw`: a constant, a share of Cb and of Cr, x and
y, and shares that grow with x and with y. Another shot is graded and faded a little otherwise; a
third of them changes the error of simulated shots by 0.04 CIEDE2000."""


@dataclass(frozen=True)
class Places:
    """N places of a frame.

    `log_rgb` (3, N) is the logarithm of the faded R'G'B' without its grain; `position` (2, N) is x
    and y from the centre in halves of the longer side. `prior_deviation` (N,) is the standard
    deviation of chroma from the law before a point is known, of range 1. `model_cbcr` (2, N) is the
    chroma of the film's model; None if it is not used.
    """

    log_rgb: Tensor
    position: Tensor
    prior_deviation: Tensor
    model_cbcr: Tensor | None = None

    def __len__(self) -> int:
        return self.prior_deviation.shape[0]

    def at(self, indices: list[int]) -> "Places":
        """Some of them."""
        model_cbcr = None if self.model_cbcr is None else self.model_cbcr[:, indices]
        return Places(
            self.log_rgb[:, indices],
            self.position[:, indices],
            self.prior_deviation[indices],
            model_cbcr,
        )


@dataclass(frozen=True)
class FadeLaw:
    """The law of a frame with the `parameters` (30,), float64; zeros are the start."""

    start: DyeStart
    parameters: Tensor

    def __call__(self, places: Places) -> Tensor:
        """Chroma (2, N) of N places, of their type."""
        _, unfaded = self._amounts(places.log_rgb, places.position)
        return _TO_CBCR.to(unfaded.dtype) @ light_of(unfaded)

    def slope(self, places: Places) -> Tensor:
        """The derivative of chroma by the parameters, (2, N, 30)."""
        log_rgb, position = places.log_rgb, places.position
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

    @property
    def precision(self) -> Tensor:
        """The inverse variances (30,) of the parameters before a point is known."""
        deviations = torch.zeros(PARAMETERS, dtype=torch.float64)
        for part, deviation in _DEVIATIONS:
            deviations[part] = deviation
        return deviations.square().reciprocal()

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


@dataclass(frozen=True)
class ModelLaw:
    """The chroma of the film's model, and an affine map of it that varies over the frame, with the
    `parameters` (9,), float64; zeros are the start."""

    parameters: Tensor

    @property
    def precision(self) -> Tensor:
        """The inverse variances (9,) of the parameters before a point is known."""
        return torch.tensor(_MODEL_DEVIATIONS, dtype=torch.float64) ** -2

    def __call__(self, places: Places) -> Tensor:
        """Chroma (2, N) of N places, of their type."""
        cbcr = _known(places)
        return cbcr + self.parameters.to(cbcr.dtype) @ self._terms(places)

    def slope(self, places: Places) -> Tensor:
        """The derivative of chroma by the parameters, (2, N, 9)."""
        return self._terms(places).T.expand(2, -1, -1)

    def _terms(self, places: Places) -> Tensor:
        cbcr, (x, y) = _known(places), places.position
        return torch.cat([torch.ones_like(x)[None], cbcr, places.position, x * cbcr, y * cbcr])


def _known(places: Places) -> Tensor:
    assert places.model_cbcr is not None, "the model was not asked"
    return places.model_cbcr


def start_law(start: DyeStart, *, has_model: bool) -> "Law":
    """The law without a point: that of the film's model if it is known, else that of its dyes."""
    if has_model:
        return ModelLaw(torch.zeros(len(_MODEL_DEVIATIONS), dtype=torch.float64))
    return FadeLaw(start, torch.zeros(PARAMETERS, dtype=torch.float64))


Law = FadeLaw | ModelLaw


def _powers(position: Tensor) -> Tensor:
    x, y = position
    return torch.stack([x, y, x * x - _MEAN_SQUARE, y * y - _MEAN_SQUARE, x * y])
