"""The closed form of a film: laws from R'G'B' to chroma, one for the film, one for each shot that
has pairs, and of them the baseline that the model is measured against."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unfade.color.sensitivity import seen_error, sensitivity
from unfade.color.ycbcr import luma
from unfade.model.closed_form.lut import (
    Axes,
    SmoothLut,
    SpreadLut,
    find_axes,
    fit_smooth_lut,
)
from unfade.model.degrain import degrain

SHOT_PULL = 1e-3
"""How strongly a shot's law stays near the film's where the shot has no evidence."""

ROUNDS = 2
"""Fits after the first."""

USUAL = 2.0
"""CIEDE2000 up to which errors of pixels count about alike: what a good law leaves."""


@dataclass(frozen=True)
class Sample:
    """Degrained pixels of training pairs: `rgb` (3, N), `cbcr` (2, N), `weight` (N,)."""

    rgb: Tensor
    cbcr: Tensor
    weight: Tensor


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


def fit_laws(samples: Mapping[int, Sample], grain: Tensor) -> Laws:
    """The laws of a film from the training pixels of its shots, by shot number.

    Where there is one shot alone, its law is the film's. `grain` is what was taken from them.
    """
    whole = together(samples.values())
    film = fit_law(whole, find_axes(whole.rgb, whole.weight))
    if len(samples) == 1:
        return Laws(film, {}, grain)
    shots = {number: fit_law(one, film.spread.axes, film) for number, one in samples.items()}
    return Laws(film, shots, grain)


def fit_law(sample: Sample, axes: Axes, prior: Law | None = None) -> Law:
    """The law of some pixels, near a prior where they tell little.

    It makes about the mean of CIEDE2000 small, so that what is wrong in a reference, or cannot be
    told from colour, does not pull the rest: least squares, again and again, in which pixels count
    less the more the law before is off. Source: Holland, Welsch, "Robust regression using
    iteratively reweighted least-squares", 1977.
    """
    law = _fit(sample, axes, prior)
    pixels = sample.rgb[:, :, None]
    form = sensitivity(torch.cat([luma(pixels)[..., 0], sample.cbcr]).T)
    seen = (form[:, 0] + form[:, 2]) / 2
    for _ in range(ROUNDS):
        off = seen_error((law(pixels)[..., 0] - sample.cbcr).T, form)
        law = _fit(replace(sample, weight=sample.weight * seen / (off + USUAL)), axes, prior)
    return law


def _fit(sample: Sample, axes: Axes, prior: Law | None) -> Law:
    smooth, spread = (prior.smooth, prior.spread.lut) if prior else (None, None)
    rest, pull = (sample.cbcr, sample.weight), SHOT_PULL if prior else 0.0
    lut = fit_smooth_lut(axes(sample.rgb), *rest, spread, pull)
    return Law(fit_smooth_lut(sample.rgb, *rest, smooth, pull), SpreadLut(lut, axes))


def together(samples: Iterable[Sample]) -> Sample:
    """The pixels of several pictures or shots."""
    samples = list(samples)
    return Sample(
        torch.cat([sample.rgb for sample in samples], dim=1),
        torch.cat([sample.cbcr for sample in samples], dim=1),
        torch.cat([sample.weight for sample in samples]),
    )
