"""The fit of the closed form of a film: laws of colour, grain for the degrain, uneven fading."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unfade.model import Laws
from unfade.model.closed_form.unevenness import Unevenness, position_chroma
from unfade.train.data.pixels import TrainingPicture, sample_for_closed_form
from unfade.train.data.samples import ColourSamples, PositionedSamples
from unfade.train.fit.extrapolation import extrapolate
from unfade.train.fit.grading import separate_gradings
from unfade.train.fit.grain import grain_covariance
from unfade.train.fit.laws import fit_law, fit_laws
from unfade.train.fit.unevenness import CrossValidation, cross_validate
from unfade.work.progress import Track

CLOSED_FORM_PIXELS = 300_000
"""Pixels of the film in a closed-form fit: about ten for each node of a LUT."""

GRAIN_STRENGTHS = (3.0, 20.0, 80.0, 300.0)
"""Factors on the grain measured between neighbouring pixels, of which one is chosen. Measured grain
is too weak, because grain is wider than a pixel and the recovery amplifies it."""

PictureBudget = tuple[TrainingPicture, int]
"""A picture, and the number of its pixels to sample."""


def fit_grain(train: Sequence[TrainingPicture], seed: int, track: Track) -> Tensor:
    """Covariance (3, 3) of a film's grain for the degrain.

    It is the measured covariance times the factor of `GRAIN_STRENGTHS` with which laws of colour
    have the smallest error in cross-validation. `track` reports every factor that is tried.
    """
    measured = torch.stack([grain_covariance(one.source_rgb) for one in train]).mean(dim=0)
    budgets = [(picture, CLOSED_FORM_PIXELS // len(train)) for picture in train]
    errors = []
    for strength in track(GRAIN_STRENGTHS, "Measuring the grain", len(GRAIN_STRENGTHS)):
        shots = _samples_of_shots(budgets, measured * strength, seed)
        error = sum(cross_validate(samples).best_error for samples in shots.values())
        errors.append((error, strength))
    _, strength = min(errors)
    grain: Tensor = measured * strength
    return grain


@dataclass(frozen=True)
class ClosedForm:
    """The laws of a film, and the position-dependent laws of its shots that fade unevenly.

    `shots` are the samples by shot number, one entry for each pair.
    """

    laws: Laws
    unevenness: Unevenness
    shots: Mapping[int, Sequence[PositionedSamples]]

    def extrapolated(self, seed: int) -> "ClosedForm":
        """The same with laws that hold beyond the samples, and in shots without pairs."""
        laws = extrapolate(self.laws, self.shots, seed)
        return replace(self, laws=separate_gradings(laws, self.shots, seed))


def fit_closed_form(budgets: Iterable[PictureBudget], grain: Tensor, seed: int) -> ClosedForm:
    """The closed form of a film from some of the pixels of its pictures."""
    shots = _samples_of_shots(budgets, grain, seed)
    validations = {number: cross_validate(samples) for number, samples in shots.items()}
    whole = {number: PositionedSamples.concatenate(samples) for number, samples in shots.items()}
    laws = fit_laws({number: sample.without_position() for number, sample in whole.items()}, grain)
    return ClosedForm(laws, _unevenness(whole, validations, laws), shots)


def _samples_of_shots(
    budgets: Iterable[PictureBudget], grain: Tensor, seed: int
) -> dict[int, list[PositionedSamples]]:
    """Samples by shot number, one entry per pair.

    Frames with carried chroma belong to the entry of its pair, because they repeat the errors of
    its reference and are no independent evidence.
    """
    pairs: dict[tuple[int, int], list[PositionedSamples]] = {}
    for picture, count in budgets:
        sample = sample_for_closed_form(picture, grain, count, seed)
        pairs.setdefault((picture.shot, picture.pair_frame), []).append(sample)
    shots: dict[int, list[PositionedSamples]] = {}
    for (shot, _), samples in sorted(pairs.items(), key=lambda item: item[0]):
        shots.setdefault(shot, []).append(PositionedSamples.concatenate(samples))
    return shots


def _unevenness(
    shots: Mapping[int, PositionedSamples], validations: Mapping[int, CrossValidation], laws: Laws
) -> Unevenness:
    even, by_position = {}, {}
    for number, sample in shots.items():
        if validations[number].is_uneven:
            coefficients = by_position[number] = validations[number].coefficients
            rest_cbcr = sample.cbcr - position_chroma(coefficients, sample.rgb, sample.position)
            even[number] = fit_law(ColourSamples(sample.rgb, rest_cbcr, sample.weight), laws.axes)
    return Unevenness(even, by_position)
