"""The fit of the closed form of a film: laws of colour, grain for the degrain, uneven fading."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unfade.model import Laws
from unfade.model.closed_form.laws import Law
from unfade.model.closed_form.lut import NODES
from unfade.model.closed_form.unevenness import Unevenness, position_chroma
from unfade.model.grain import grain_covariance
from unfade.train.data.picture_store import PictureKey
from unfade.train.data.pixels import TrainingPicture, sample_for_grain
from unfade.train.data.samples import ColourSamples, PositionedSamples
from unfade.train.fit.extrapolation import extrapolate
from unfade.train.fit.grading import separate_gradings
from unfade.train.fit.laws import fit_law, fit_laws
from unfade.train.fit.unevenness import CrossValidation, cross_validate
from unfade.work.cores import on_all_cores
from unfade.work.progress import Track

CLOSED_FORM_PIXELS = 300_000
"""Pixels of the film in a closed-form fit: about ten for each node of a LUT."""

GRAIN_PIXELS = 100_000
"""Pixels from which the strength of the grain is chosen; no LUT is fitted to them."""

GRAIN_PICTURES = 12
"""About the number of pictures for it, spread over the film: grain belongs to the stock."""

GRAIN_STRENGTHS = (3.0, 20.0, 80.0, 300.0)
"""Factors on the grain measured between neighbouring pixels, of which one is chosen. Measured grain
is too weak, because grain is wider than a pixel and the recovery amplifies it."""


def fit_grain(train: Sequence[TrainingPicture], seed: int, track: Track) -> Tensor:
    """Covariance (3, 3) of a film's grain for the degrain.

    It is the measured covariance times the factor of `GRAIN_STRENGTHS` with which laws of colour
    have the smallest error in cross-validation. `track` reports every factor that is tried.
    """
    stride = max(1, len(train) // GRAIN_PICTURES)

    def measure(index: int) -> tuple[TrainingPicture, Tensor]:
        picture = train[index]
        return picture, grain_covariance(picture.source_rgb)

    pictures, covariances = zip(*on_all_cores(measure, range(0, len(train), stride)), strict=True)
    measured = torch.stack(covariances).mean(dim=0)
    pixels = GRAIN_PIXELS // len(pictures)

    def error(strength: float) -> tuple[float, float]:
        grain = measured * strength
        shots: dict[int, list[PositionedSamples]] = {}
        for one in pictures:
            shots.setdefault(one.shot, []).append(sample_for_grain(one, grain, pixels, seed))
        return sum(cross_validate(own).best_error for own in shots.values()), strength

    errors = on_all_cores(error, GRAIN_STRENGTHS)
    _, strength = min(track(errors, "Measuring the grain", len(GRAIN_STRENGTHS)))
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


def fit_closed_form(
    samples: Iterable[tuple[PictureKey, PositionedSamples]], grain: Tensor, nodes: int = NODES
) -> ClosedForm:
    """The closed form of a film from samples of its pictures, degrained with `grain`, with LUTs of
    `nodes` nodes along each axis."""
    shots = _by_shot(samples)
    validations = dict(zip(shots, on_all_cores(cross_validate, shots.values()), strict=True))
    whole = {number: PositionedSamples.concatenate(parts) for number, parts in shots.items()}
    colours = {number: sample.without_position() for number, sample in whole.items()}
    laws = fit_laws(colours, grain, nodes)
    return ClosedForm(laws, _unevenness(whole, validations, laws, nodes), shots)


def _by_shot(
    samples: Iterable[tuple[PictureKey, PositionedSamples]],
) -> dict[int, list[PositionedSamples]]:
    """Samples by shot number, one entry per pair.

    Frames with carried chroma belong to the entry of its pair, because they repeat the errors of
    its reference and are no independent evidence.
    """
    pairs: dict[tuple[int, int], list[PositionedSamples]] = {}
    for key, sample in samples:
        pairs.setdefault((key.shot, key.pair_frame), []).append(sample)
    shots: dict[int, list[PositionedSamples]] = {}
    for (shot, _), parts in sorted(pairs.items(), key=lambda item: item[0]):
        shots.setdefault(shot, []).append(PositionedSamples.concatenate(parts))
    return shots


def _unevenness(
    shots: Mapping[int, PositionedSamples],
    validations: Mapping[int, CrossValidation],
    laws: Laws,
    nodes: int,
) -> Unevenness:
    by_position = {
        number: validations[number].coefficients
        for number in shots
        if validations[number].is_uneven
    }

    def even_law(number: int) -> Law:
        sample, coefficients = shots[number], by_position[number]
        rest_cbcr = sample.cbcr - position_chroma(coefficients, sample.rgb, sample.position)
        rest = ColourSamples(sample.rgb, rest_cbcr, sample.weight)
        return fit_law(rest, laws.axes, nodes=nodes)

    even = dict(zip(by_position, on_all_cores(even_law, by_position), strict=True))
    return Unevenness(even, by_position)
