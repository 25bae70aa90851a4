"""The closed-form baseline: one smooth LUT for the film and one for each shot that has pairs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from unfade.network.filters import degrain
from unfade.network.lut import SmoothLut, fit_smooth_lut

SHOT_PULL = 1e-3
"""How strongly a shot's LUT stays near the film's where the shot has no evidence."""


@dataclass(frozen=True)
class Sample:
    """Degrained pixels of training pairs: `rgb` (3, N), `cbcr` (2, N), `weight` (N,)."""

    rgb: Tensor
    cbcr: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Baseline:
    """LUTs by shot number; shots without one use the film's. They see the source without grain.

    `grain` is the covariance (3, 3) of the film's grain that `degrain` takes.
    """

    film: SmoothLut
    shots: Mapping[int, SmoothLut]
    grain: Tensor = field(default_factory=lambda: torch.zeros(3, 3))

    def predict(self, source_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a source picture (3, H, W) of a shot."""
        return self.look_up(degrain(source_rgb, self.grain), shot)

    def look_up(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a picture that is without grain already."""
        return self.shots.get(shot, self.film)(degrained_rgb)


def fit_baseline(samples: Mapping[int, Sample], grain: Tensor | None = None) -> Baseline:
    """The baseline of a film from the training pixels of its shots, by shot number.

    `grain` is what was taken from them.
    """
    film = fit_smooth_lut(
        torch.cat([sample.rgb for sample in samples.values()], dim=1),
        torch.cat([sample.cbcr for sample in samples.values()], dim=1),
        torch.cat([sample.weight for sample in samples.values()]),
    )
    shots = {
        number: fit_smooth_lut(sample.rgb, sample.cbcr, sample.weight, film, SHOT_PULL)
        for number, sample in samples.items()
    }
    return Baseline(film, shots, torch.zeros(3, 3) if grain is None else grain)
