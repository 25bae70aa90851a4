"""The gradings of a film's references, told apart from its fade.

The fade is common to the film; a DVD is graded by shot or by scene. A shot without pairs gets the
law of the fade and its neighbours' grading, if leaving out shots with pairs shows that this
predicts them better than one law of everything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unfade.color.sensitivity import perceptual_error
from unfade.model.closed_form.gradings import NEUTRAL, Gradings, apply_grading
from unfade.model.closed_form.laws import Law, Laws
from unfade.train.data.samples import ColourSamples, PositionedSamples, colours_by_shot
from unfade.train.fit.extrapolation import FOLD_NODES, FOLD_PIXELS, extrapolate
from unfade.train.fit.laws import ROBUST_CIEDE2000, fit_law
from unfade.train.fit.lut import fit_axes
from unfade.work.cores import on_all_cores

GAIN_DEVIATION = 0.15
"""Expected deviation of a grading's gains from 1: a moderate change of saturation."""

OFFSET_DEVIATION = 0.02
"""Expected deviation of a grading's offsets, in chroma of range 1: a visible cast."""

INDEPENDENT_SAMPLES = 10
"""Independent samples in a shot, because errors of the law are equal within an object. Against them
the expected deviations hold a grading near neutral."""

GRADING_ROUNDS = 3
"""Reweighted fits of a grading; more change it by less than a visible step."""

GRADING_PIXELS = 4000
"""Pixels of a shot from which its grading is fitted: six coefficients need few."""

MAX_LEFT_OUT = 8
"""Shots that are left out, spread over the film. Each costs two fits of a law."""

MIN_GAIN = 0.04
"""Relative gain, less its standard error, above which gradings are used. A fifth of films whose
gradings are independent from shot to shot exceed it by chance, without harm (decisions/32)."""

Fade = Callable[[Tensor], Tensor]
"""From R'G'B' (3, H, W) to chroma (2, H, W), without a grading."""


@dataclass(frozen=True)
class GradedFilm:
    """The law of a film's fade, and the gradings of its shots."""

    fade: Fade
    gradings: Gradings

    def predict(self, rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, N) of R'G'B' (3, N) of a shot with or without pairs."""
        return apply_grading(self.gradings.of(shot), _predict(self.fade, rgb))


def separate_gradings(
    laws: Laws, shots: Mapping[int, Sequence[PositionedSamples]], seed: int
) -> Laws:
    """The laws with the fade and the gradings told apart; the same laws if that gains nothing.

    Args:
        laws: of the film; its law holds beyond the samples.
        shots: samples of each shot, one entry for each pair.
        seed: of the choice of samples.
    """
    generator = torch.Generator().manual_seed(seed)
    colours = colours_by_shot(shots)
    some = {number: one.some(GRADING_PIXELS, generator) for number, one in colours.items()}
    if not is_clear_gain(gains(some, seed)):
        return laws
    gradings = fit_gradings(laws.fade, some)
    ungraded = {
        number: [
            replace(pair, cbcr=_ungraded(pair.rgb, pair.cbcr, laws.fade, gradings.by_shot[number]))
            for pair in pairs
        ]
        for number, pairs in shots.items()
    }
    fade = fit_law(ColourSamples.concatenate(colours_by_shot(ungraded).values()), laws.axes)
    ungraded_laws = extrapolate(replace(laws, film=fade), ungraded, seed)
    return replace(ungraded_laws, gradings=fit_gradings(ungraded_laws.fade, some))


def gains(shots: Mapping[int, ColourSamples], seed: int) -> Tensor:
    """Relative gains (M,) of telling the gradings apart, for up to `MAX_LEFT_OUT` shots.

    Each shot is predicted from the others: once by one law, once by the law of the fade with the
    neighbours' grading. The gain is the logarithm of the ratio of the errors. A film with fewer
    than three shots has no gains, because one shot alone has no grading.
    """
    numbers = sorted(shots)
    if len(numbers) < 3:
        return torch.zeros(0)
    count = min(MAX_LEFT_OUT, len(numbers))
    places = torch.linspace(0, len(numbers) - 1, count).round().int().tolist()

    def gain(number: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        rest = {other: sample for other, sample in shots.items() if other != number}
        plain = _law_of_some(rest, generator)
        graded = _graded_film(plain, rest, generator)
        left_out = shots[number]
        without = left_out.error_of(_predict(plain, left_out.rgb))
        return (without / left_out.error_of(graded.predict(left_out.rgb, number))).log()

    return torch.stack(list(on_all_cores(gain, [numbers[place] for place in places])))


def is_clear_gain(gain: Tensor) -> bool:
    """Whether the mean of relative gains (M,) exceeds `MIN_GAIN` by more than a standard error."""
    if gain.numel() < 2:
        return False
    standard_error = gain.std() / gain.numel() ** 0.5
    return bool(gain.mean() - standard_error > MIN_GAIN)


def fit_gradings(law: Fade, shots: Mapping[int, ColourSamples]) -> Gradings:
    """The gradings that a law's chroma needs to meet the references of shots."""
    return Gradings({number: _fit_grading(law, sample) for number, sample in shots.items()})


def _fit_grading(law: Fade, sample: ColourSamples) -> Tensor:
    """Grading (2, 3): least squares with a pull to neutral, robust as in `fit_law`."""
    metric = sample.metric()
    mean_metric = (metric[:, 0] + metric[:, 2]) / 2
    cbcr = _predict(law, sample.rgb)
    terms = torch.cat([cbcr, torch.ones_like(cbcr[:1])])
    deviation = torch.tensor([GAIN_DEVIATION, GAIN_DEVIATION, OFFSET_DEVIATION])
    grading = NEUTRAL
    for _ in range(GRADING_ROUNDS):
        error = grading @ terms - sample.cbcr
        weight = sample.weight * mean_metric
        weight = weight / (perceptual_error(error.T, metric) + ROBUST_CIEDE2000)
        weight = weight / weight.sum()
        variance = (error**2 * weight).sum() / 2
        prior = torch.diag(variance / (INDEPENDENT_SAMPLES * deviation**2))
        squares = (terms * weight) @ terms.T + prior
        change = (sample.cbcr - cbcr) * weight @ terms.T
        grading = NEUTRAL + torch.linalg.solve(squares, change.T).T
    return grading


def _graded_film(
    plain: Fade, shots: Mapping[int, ColourSamples], generator: torch.Generator
) -> GradedFilm:
    """The fade without the gradings that the plain law shows, and the gradings beside that."""
    first = fit_gradings(plain, shots)
    ungraded = {
        number: replace(one, cbcr=_ungraded(one.rgb, one.cbcr, plain, first.by_shot[number]))
        for number, one in shots.items()
    }
    fade = _law_of_some(ungraded, generator)
    return GradedFilm(fade, fit_gradings(fade, shots))


def _ungraded(rgb: Tensor, cbcr: Tensor, law: Fade, grading: Tensor) -> Tensor:
    """Chroma (2, N) of a reference less what the grading adds to the law's.

    Inverting the grading would blow up the errors of a reference with little saturation.
    """
    predicted = _predict(law, rgb)
    return cbcr - (apply_grading(grading, predicted) - predicted)


def _law_of_some(shots: Mapping[int, ColourSamples], generator: torch.Generator) -> Law:
    sample = ColourSamples.concatenate(shots.values()).some(FOLD_PIXELS, generator)
    return fit_law(sample, fit_axes(sample.rgb, sample.weight), nodes=FOLD_NODES)


def _predict(law: Fade, rgb: Tensor) -> Tensor:
    return law(rgb[:, :, None])[..., 0]
