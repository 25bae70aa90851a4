"""The closed form of a film: laws from R'G'B' to chroma, one for the film, one for each shot that
has pairs, and of them the baseline that the model is measured against."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from unfade.model.closed_form.lut import Axes, SmoothLut, SpreadLut
from unfade.model.degrain import degrain


@dataclass(frozen=True)
class Law:
    """The mean of two LUTs, which are the same where colours were seen, and err apart elsewhere."""

    smooth: SmoothLut
    spread: SpreadLut

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of R'G'B' (3, H, W)."""
        return (self.smooth(rgb) + self.spread(rgb)) / 2


@dataclass(frozen=True)
class Baseline:
    """Smooth LUTs by shot number; shots without one use the film's.

    They see the source without grain: `grain` is the covariance (3, 3) that `degrain` takes.
    """

    film: SmoothLut
    shots: Mapping[int, SmoothLut]
    grain: Tensor

    def predict(self, source_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a source picture (3, H, W) of a shot."""
        return self.shots.get(shot, self.film)(degrain(source_rgb, self.grain))


@dataclass(frozen=True)
class Laws:
    """Laws by shot number, all of one film's axes; shots without one use the film's."""

    film: Law
    shots: Mapping[int, Law]
    grain: Tensor

    def __call__(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a picture (3, H, W) of a shot that is without grain already."""
        return self.shots.get(shot, self.film)(degrained_rgb)

    @property
    def axes(self) -> Axes:
        """Those of all spread LUTs."""
        return self.film.spread.axes

    @property
    def baseline(self) -> Baseline:
        """What a colourist's LUTs would do."""
        shots = {number: law.smooth for number, law in self.shots.items()}
        return Baseline(self.film.smooth, shots, self.grain)
