"""The fit of the laws of colour of a film."""

from collections.abc import Mapping

from torch import Tensor

from unfade.color.sensitivity import perceptual_error
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import NODES, Axes, SmoothLut, SpreadLut
from unfade.train.data.samples import ColourSamples
from unfade.train.fit.lut import LutFit, fit_axes
from unfade.work.cores import on_all_cores

SHOT_PRIOR_WEIGHT = 1e-3
"""Weight of the film's law in the fit of a shot's law, against the mean squared error of the
samples. It decides only where the shot has no samples."""

REWEIGHTING_ROUNDS = 2
"""Reweighted fits after the first, unweighted one. More rounds cost a fit each."""

ROBUST_CIEDE2000 = 2.0
"""Error up to which pixels count about equally, in CIEDE2000: about that of a good law. Beyond, the
weight falls with the error."""


def fit_laws(samples: Mapping[int, ColourSamples], grain: Tensor, nodes: int = NODES) -> Laws:
    """The laws of a film from the training pixels of its shots, by shot number.

    A single shot uses the law of the film. `grain` is the covariance that the samples were
    degrained with.
    """
    whole = ColourSamples.concatenate(samples.values())
    film = fit_law(whole, fit_axes(whole.rgb, whole.weight), nodes=nodes)
    if len(samples) == 1:
        return Laws(film, {}, grain, frozenset(samples))

    def own_law(sample: ColourSamples) -> Law:
        return fit_law(sample, film.spread.axes, film, nodes)

    shots = dict(zip(samples, on_all_cores(own_law, samples.values()), strict=True))
    return Laws(film, shots, grain, frozenset(samples))


def fit_law(sample: ColourSamples, axes: Axes, prior: Law | None = None, nodes: int = NODES) -> Law:
    """The law of some pixels, close to a prior where the pixels give no evidence.

    Iteratively reweighted least squares approximate the smallest mean CIEDE2000: pixels count less
    the larger their error was in the previous fit. So errors of a reference, and colours that one
    law cannot explain, hardly affect the rest. Source: Holland, Welsch, "Robust regression using
    iteratively reweighted least-squares", 1977.
    """
    prior_weight = SHOT_PRIOR_WEIGHT if prior else 0.0

    def lut_fit(part: tuple[Tensor, SmoothLut | None]) -> LutFit:
        coordinates, lut_prior = part
        return LutFit(coordinates, sample.cbcr, lut_prior, prior_weight, nodes)

    parts = zip((sample.rgb, axes(sample.rgb)), _luts(prior), strict=True)
    smooth, spread = on_all_cores(lut_fit, parts)
    law = _solve(smooth, spread, axes, sample.weight)
    pixels = sample.rgb[:, :, None]
    metric = sample.metric()
    mean_metric = (metric[:, 0] + metric[:, 2]) / 2
    for _ in range(REWEIGHTING_ROUNDS):
        error = perceptual_error((law(pixels)[..., 0] - sample.cbcr).T, metric)
        weight = sample.weight * mean_metric / (error + ROBUST_CIEDE2000)
        law = _solve(smooth, spread, axes, weight, law)
    return law


def _solve(
    smooth: LutFit, spread: LutFit, axes: Axes, weight: Tensor, first: Law | None = None
) -> Law:
    """The law with weights (N,); the search starts from the law `first`."""

    def lut(part: tuple[LutFit, SmoothLut | None]) -> SmoothLut:
        fit, first_lut = part
        return fit.solve(weight, first_lut)

    smooth_lut, spread_lut = on_all_cores(lut, zip((smooth, spread), _luts(first), strict=True))
    return Law(smooth_lut, SpreadLut(spread_lut, axes))


def _luts(law: Law | None) -> tuple[SmoothLut | None, SmoothLut | None]:
    """Both LUTs of a law; none without one."""
    return (law.smooth, law.spread.lut) if law else (None, None)
