"""The general law of colour, which holds beyond the samples: dyes, and a smooth deviation.

Dyes absorb light in proportion to their amount, and dark fading takes a share of each dye. So the
logarithm of the scan's R'G'B' is an affine map of what is left of the dyes, that of the unfaded
print an affine map of their full amounts, and one affine map leads from one logarithm to the other.
Another affine map leads from the unfaded R'G'B' to the chroma of the reference's grading. Source:
Beer's law.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.model.closed_form.lut import SmoothLut
from unfade.model.degrain import LOG_OFFSET

MAX_LOG_LIGHT = 0.5
"""Largest logarithm of unfaded R'G'B', so that colours beyond the samples stay finite."""

REACH_DEVIATIONS = 6.0
"""Half the side of the cube of the deviation, in standard deviations of the film's colours. Beyond
it no colour is near a sample."""


@dataclass(frozen=True)
class DyeLaw:
    """`log_map` (3, 4) is the affine map of logarithms, `to_cbcr` (2, 4) that to chroma."""

    log_map: Tensor
    to_cbcr: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, ...) of R'G'B' (3, ...)."""
        mapped = torch.addmm(self.log_map[:, 3:], self.log_map[:, :3], logarithm(rgb).flatten(1))
        unfaded_rgb = mapped.clamp_(max=MAX_LOG_LIGHT).exp_().sub_(LOG_OFFSET)
        cbcr = torch.addmm(self.to_cbcr[:, 3:], self.to_cbcr[:, :3], unfaded_rgb)
        return cbcr.reshape(2, *rgb.shape[1:])


@dataclass(frozen=True)
class ColourSpread:
    """Axes of the logarithm of R'G'B', scaled so that a film's colours have deviation 1 on each.

    `matrix` (3, 3) is applied to the logarithm, then `offset` (3, 1) is added.
    """

    matrix: Tensor
    offset: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Positions (3, ...) of R'G'B' (3, ...)."""
        positions = torch.addmm(self.offset, self.matrix, logarithm(rgb).flatten(1))
        return positions.reshape(rgb.shape)


@dataclass(frozen=True)
class GeneralLaw:
    """`deviation` (4, N, N, N) has, in the cube of `spread`, Cb and Cr to add to those of the dyes,
    and two shares of this law in the mean with LUTs: those of the film, and those of a shot."""

    dyes: DyeLaw
    spread: ColourSpread
    deviation: SmoothLut

    def __call__(self, rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Chroma (2, H, W) of R'G'B' (3, H, W), and both shares (H, W)."""
        cube = self.spread(rgb) / (2 * REACH_DEVIATIONS) + 0.5
        cb, cr, film_share, shot_share = self.deviation(cube)
        return self.dyes(rgb) + torch.stack([cb, cr]), film_share, shot_share


def logarithm(rgb: Tensor) -> Tensor:
    """Logarithm of R'G'B', clipped to 0 to 1."""
    return (rgb.clamp(0.0, 1.0) + LOG_OFFSET).log()
