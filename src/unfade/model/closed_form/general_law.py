"""The general law of colour, which holds beyond the samples: dyes, and a smooth deviation.

Dyes absorb light in proportion to their amount, and dark fading takes a share of each dye. So the
logarithm of the scan's R'G'B' is an affine map of what is left of the dyes, that of the unfaded
print an affine map of their full amounts, and one affine map leads from one logarithm to the other.
Another affine map leads from the unfaded R'G'B' to the chroma of the reference's grading. Source:
Beer's law.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from unfade.color.log_light import logarithm, unfaded
from unfade.model.closed_form.distance import FARTHEST, DistanceField
from unfade.model.closed_form.lut import SmoothLut

REACH_DEVIATIONS = 6.0
"""Half the side of the cube of the deviation, in standard deviations of the film's colours. Beyond
it the deviation stays as at the border."""

ERROR_DISTANCES = (0.0, 0.1, 0.3, 1.0, FARTHEST)
"""Distances, in standard deviations of the film's colours, at which the error beyond the samples is
known: at samples, between neighbours, where a shot's laws have given way, and other colours."""


@dataclass(frozen=True)
class DyeLaw:
    """`log_map` (3, 4) is the affine map of logarithms, `to_cbcr` (2, 4) that to chroma."""

    log_map: Tensor
    to_cbcr: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, ...) of R'G'B' (3, ...)."""
        unfaded_rgb = unfaded(clipped_logarithm(rgb), self.log_map).flatten(1)
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
        positions = torch.addmm(self.offset, self.matrix, clipped_logarithm(rgb).flatten(1))
        return positions.reshape(rgb.shape)


@dataclass(frozen=True)
class GeneralLaw:
    """The dye law and a deviation from it, with what is known about its use.

    `deviation` (2, N, N, N) is the chroma to add to that of the dyes, in the cube of `spread`.
    `distances` are to the samples of shots, by number, and `film_distance` to those of the film.
    `share` is the share of this law in its mean with LUTs, far from samples. `errors` and
    `lut_errors` (K,) are the errors of chroma that left-out samples had by that mean and by LUTs:
    at the first of `ERROR_DISTANCES`, then the rise to each next one.
    """

    dyes: DyeLaw
    spread: ColourSpread
    deviation: Tensor
    film_distance: DistanceField
    distances: Mapping[int, DistanceField]
    share: float
    errors: Tensor
    lut_errors: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of R'G'B' (3, H, W)."""
        in_cube = self.spread(rgb) / (2 * REACH_DEVIATIONS) + 0.5
        return self.dyes(rgb) + self._deviation_lut(in_cube)

    @cached_property
    def _deviation_lut(self) -> SmoothLut:
        return SmoothLut(self.deviation)

    def distance(self, rgb: Tensor, shot: int) -> Tensor:
        """Distance (H, W) of R'G'B' (3, H, W) to the samples of a shot, or of the film for a shot
        without samples, in standard deviations of the film's colours."""
        return self.distances.get(shot, self.film_distance)(self.spread(rgb))


def distance_steps(distance: Tensor) -> Tensor:
    """Terms (N, K) of an error that rises with the distance (N,): 1, then for each interval of
    `ERROR_DISTANCES` a ramp from 0 to 1."""
    knots = torch.tensor(ERROR_DISTANCES)
    ramps = ((distance[:, None] - knots[:-1]) / knots.diff()).clamp(0.0, 1.0)
    return torch.cat([torch.ones_like(ramps[:, :1]), ramps], dim=1)


def clipped_logarithm(rgb: Tensor) -> Tensor:
    """Logarithm of R'G'B', clipped to 0 to 1."""
    return logarithm(rgb.clamp(max=1.0))
