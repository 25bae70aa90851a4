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

    def of(self, shot: int) -> SmoothLut:
        """The LUT of a shot: its own, or the film's."""
        return self.shots.get(shot, self.film)

    def predict(self, source_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a source picture (3, H, W) of a shot."""
        return self.of(shot)(degrain(source_rgb, self.grain))


OWN_RAMP = (0.1, 0.3)
"""Distances to the nearest sample of a shot, in standard deviations of the film's colours, between
which its own laws give way to the general law. They have the shot's grading and its fade; longer
ramps left more error on its own colours (decisions/31)."""


@dataclass(frozen=True)
class Laws:
    """Laws by shot number, all with the axes of the film; shots without one use the film's.

    `paired` are the numbers of the shots with pairs; if it is empty, all shots count as such.
    `general` holds far from the samples; none if it was not fitted. `gradings` give shots without a
    law the grading of their neighbours.
    """

    film: Law
    shots: Mapping[int, Law]
    grain: Tensor
    paired: frozenset[int] = frozenset()
    general: GeneralLaw | None = None
    gradings: Gradings = NO_GRADINGS

    def __call__(self, degrained_rgb: Tensor, shot: int, distance: Tensor | None = None) -> Tensor:
        """Chroma (2, H, W) of a degrained picture (3, H, W) of a shot.

        `distance` (H, W) is that of `distance`; none to compute it here.
        """
        own = self.shots.get(shot)
        if own is not None:
            return self.extended(own(degrained_rgb), degrained_rgb, shot, distance)
        return self._graded(self.fade(degrained_rgb), shot)

    def extended(
        self, own_cbcr: Tensor, degrained_rgb: Tensor, shot: int, distance: Tensor | None = None
    ) -> Tensor:
        """Chroma (2, H, W) by a shot's own law that gives way to the general law far from the
        shot's samples."""
        if self.general is None:
            return own_cbcr
        if distance is None:
            distance = self.distance(degrained_rgb, shot)
        share = self.general.share * beyond(distance)
        far = share > 0
        if not far.any():
            return own_cbcr
        general_cbcr = self._graded(self.general(degrained_rgb[:, far][..., None]), shot)[..., 0]
        cbcr = own_cbcr.clone()
        cbcr[:, far] = torch.lerp(own_cbcr[:, far], general_cbcr, share[far])
        return cbcr

    def fade(self, degrained_rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of a degrained picture (3, H, W) by the law of the film, ungraded.

        The general law has its share near the samples too: they are other shots', or other parts
        of the frame.
        """
        cbcr = self.film(degrained_rgb)
        if self.general is None:
            return cbcr
        return torch.lerp(cbcr, self.general(degrained_rgb), self.general.share)

    def distance(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        """Distance (H, W) of a degrained picture (3, H, W) to the samples of its shot, or of the
        film, as of `GeneralLaw.distance`; 0 without a general law."""
        if self.general is None:
            return torch.zeros_like(degrained_rgb[0])
        return self.general.distance(degrained_rgb, shot)

    def has_pairs(self, shot: int) -> bool:
        """Whether a shot has pairs."""
        return not self.paired or shot in self.paired

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


def beyond(distance: Tensor) -> Tensor:
    """How far colours are beyond the samples of their shot, 0 to 1, from the distance to these."""
    near, far = OWN_RAMP
    return ((distance - near) / (far - near)).clamp(0.0, 1.0)
