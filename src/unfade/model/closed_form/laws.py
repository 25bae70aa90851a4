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


@dataclass(frozen=True)
class Laws:
    """Laws by shot number, all with the axes of the film; shots without one use the film's.

    `general` replaces them far from the film's samples; none if it was not fitted. `gradings` give
    shots without a law the grading of their neighbours.
    """

    film: Law
    shots: Mapping[int, Law]
    grain: Tensor
    general: GeneralLaw | None = None
    gradings: Gradings = NO_GRADINGS

    def __call__(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a degrained picture (3, H, W) of a shot."""
        own = self.shots.get(shot)
        if own is None:
            return self._graded(self.fade(degrained_rgb), shot)
        cbcr = own(degrained_rgb)
        if self.general is None:
            return cbcr
        general_cbcr, _, share = self.general(degrained_rgb)
        return torch.lerp(cbcr, self._graded(general_cbcr, shot), share)

    def has_pairs(self, shot: int) -> bool:
        """Whether a shot has pairs; a single shot has no law but the film's."""
        return shot in self.shots or not self.shots

    def fade(self, degrained_rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of a degrained picture (3, H, W) by the law of the film, ungraded."""
        cbcr = self.film(degrained_rgb)
        if self.general is None:
            return cbcr
        general_cbcr, share, _ = self.general(degrained_rgb)
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
