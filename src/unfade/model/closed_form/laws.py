"""Closed-form laws of colour, from R'G'B' to chroma: one for the film and one per shot with pairs.

The baseline, against which the model is measured, is the smooth LUT of each law.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.model.closed_form.general_law import GeneralLaw
from unfade.model.closed_form.gradings import NO_GRADINGS, Gradings, apply_grading
from unfade.model.closed_form.lut import Axes, SmoothLut, SpreadLut
from unfade.model.degrain import degrain


@dataclass(frozen=True)
class Law:
    """The mean of two LUTs: they agree where training pixels lie, and elsewhere their errors differ
    and partly cancel."""

    smooth: SmoothLut
    spread: SpreadLut

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of R'G'B' (3, H, W)."""
        return (self.smooth(rgb) + self.spread(rgb)) / 2


@dataclass(frozen=True)
class Baseline:
    """Smooth LUTs by shot number; shots without one use the film's.

    They read the degrained source: `grain` is the covariance (3, 3) for `degrain`.
    """

    film: SmoothLut
    shots: Mapping[int, SmoothLut]
    grain: Tensor

    def predict(self, source_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a source picture (3, H, W) of a shot."""
        return self.shots.get(shot, self.film)(degrain(source_rgb, self.grain))


Ramp = tuple[float, float]
"""Distances to the nearest sample, in standard deviations of the film's colours, between which a
law that holds near samples gives way to the general law."""

FILM_RAMP: Ramp = (0.0, 0.05)
"""Ramp of the film's LUTs. A longer one left more error in other shots (decisions/31)."""

SHOT_RAMP: Ramp = (0.1, 0.3)
"""Ramp of a shot's own laws, which have its grading and its fade. Longer ones left more error on
its own colours (decisions/31)."""


@dataclass(frozen=True)
class Laws:
    """Laws by shot number, all with the axes of the film; shots without one use the film's.

    `general` replaces them far from their samples; none if it was not fitted. `gradings` give
    shots without a law the grading of their neighbours.
    """

    film: Law
    shots: Mapping[int, Law]
    grain: Tensor
    general: GeneralLaw | None = None
    gradings: Gradings = NO_GRADINGS

    def __call__(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a degrained picture (3, H, W) of a shot."""
        cbcr, _ = self.extended(self.near(degrained_rgb, shot), degrained_rgb, shot)
        return cbcr

    def near(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) by the LUTs alone, which hold near the samples."""
        own = self.shots.get(shot)
        return self._graded(self.film(degrained_rgb), shot) if own is None else own(degrained_rgb)

    def extended(
        self, near_cbcr: Tensor, degrained_rgb: Tensor, shot: int, ramp: Ramp | None = None
    ) -> tuple[Tensor, Tensor]:
        """Chroma that holds beyond the samples too.

        Args:
            near_cbcr: chroma (2, H, W) that holds near the samples.
            degrained_rgb: the picture (3, H, W).
            shot: number of its shot.
            ramp: on which that chroma gives way; None for that of LUTs.

        Returns:
            Chroma (2, H, W), and the distance (H, W) to the samples in standard deviations of the
            film's colours; 0 if no general law was fitted.
        """
        if self.general is None:
            return near_cbcr, torch.zeros_like(near_cbcr[0])
        general_cbcr, distance = self.general(degrained_rgb, shot)
        ramp = ramp or (SHOT_RAMP if shot in self.shots else FILM_RAMP)
        share = self.general.share * beyond(distance, ramp)
        return torch.lerp(near_cbcr, self._graded(general_cbcr, shot), share), distance

    def has_pairs(self, shot: int) -> bool:
        """Whether a shot has pairs; a single shot has no law but the film's."""
        return shot in self.shots or not self.shots

    def fade(self, degrained_rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of a degrained picture (3, H, W) by the law of the film, ungraded."""
        cbcr = self.film(degrained_rgb)
        if self.general is None:
            return cbcr
        general_cbcr, distance = self.general(degrained_rgb, None)
        share = self.general.share * beyond(distance, FILM_RAMP)
        return torch.lerp(cbcr, general_cbcr, share)

    def _graded(self, cbcr: Tensor, shot: int) -> Tensor:
        return apply_grading(self.gradings.of(shot), cbcr) if self.gradings.by_shot else cbcr

    @property
    def axes(self) -> Axes:
        """Axes of all spread LUTs."""
        return self.film.spread.axes

    @property
    def baseline(self) -> Baseline:
        """The smooth LUTs alone, as a colourist would use them."""
        shots = {number: law.smooth for number, law in self.shots.items()}
        return Baseline(self.film.smooth, shots, self.grain)


def beyond(distance: Tensor, ramp: Ramp) -> Tensor:
    """How far colours are beyond samples: 0 up to the first distance of a ramp, 1 from the second,
    linear between."""
    near, far = ramp
    return ((distance - near) / (far - near)).clamp(0.0, 1.0)
