"""The fit of the laws of a film."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from unfade.color.sensitivity import perceptual_error, sensitivity
from unfade.color.ycbcr import luma
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import Axes, SpreadLut
from unfade.train.data.samples import ColourSamples
from unfade.train.fit.lut import find_axes, fit_smooth_lut

SHOT_PULL = 1e-3
"""How strongly a shot's law stays near the film's where the shot has no evidence."""

ROUNDS = 2
"""Fits after the first."""

USUAL = 2.0
"""CIEDE2000 up to which errors of pixels count about alike: what a good law leaves."""


def fit_laws(samples: Mapping[int, ColourSamples], grain: Tensor) -> Laws:
    """The laws of a film from the training pixels of its shots, by shot number.

    Where there is one shot alone, its law is the film's. `grain` is what was taken from them.
    """
    whole = ColourSamples.concatenate(samples.values())
    film = fit_law(whole, find_axes(whole.rgb, whole.weight))
    if len(samples) == 1:
        return Laws(film, {}, grain)
    shots = {number: fit_law(one, film.spread.axes, film) for number, one in samples.items()}
    return Laws(film, shots, grain)


def fit_law(sample: ColourSamples, axes: Axes, prior: Law | None = None) -> Law:
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
        off = perceptual_error((law(pixels)[..., 0] - sample.cbcr).T, form)
        law = _fit(replace(sample, weight=sample.weight * seen / (off + USUAL)), axes, prior)
    return law


def _fit(sample: ColourSamples, axes: Axes, prior: Law | None) -> Law:
    smooth, spread = (prior.smooth, prior.spread.lut) if prior else (None, None)
    rest, pull = (sample.cbcr, sample.weight), SHOT_PULL if prior else 0.0
    lut = fit_smooth_lut(axes(sample.rgb), *rest, spread, pull)
    return Law(fit_smooth_lut(sample.rgb, *rest, smooth, pull), SpreadLut(lut, axes))
