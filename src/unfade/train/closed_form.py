"""The closed-form part of a film's model: laws, the strength of the degrain, uneven fading."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from unfade.film.work import Track
from unfade.network import Laws, Sample, fit_laws
from unfade.network.filters import grain_covariance
from unfade.network.laws import fit_law, together
from unfade.network.unevenness import Evidence, Unevenness, placed_part, weigh
from unfade.network.unevenness import Sample as PlacedSample
from unfade.train.samples import Picture, closed_form_sample

PIXELS = 300_000
"""Pixels that a closed-form fit takes of the film: ten times the nodes of its LUT."""

GRAIN_STRENGTHS = (3.0, 20.0, 80.0, 300.0)
"""How many times the grain measured between neighbouring pixels the degrain may be told of. Grain
is wider than a pixel, and fading lets it through amplified."""

Shots = Mapping[int, Sequence[PlacedSample]]


def fit_closed_form(train: Sequence[Picture], seed: int, track: Track) -> tuple[Laws, Unevenness]:
    """The laws of a film, and of the place in those of its shots that fade unevenly.

    The degrain is as strong as makes laws of colour hold best on pixels kept apart. `track` is
    told of every strength that is tried.
    """
    measured = torch.stack([grain_covariance(one.source_rgb) for one in train]).mean(dim=0)
    tried = []
    for strength in track(GRAIN_STRENGTHS, "Fitting the closed form", len(GRAIN_STRENGTHS)):
        shots = _samples(train, measured * strength, seed)
        evidence = {number: weigh(samples) for number, samples in shots.items()}
        error = sum(one.best for one in evidence.values())
        tried.append((error, measured * strength, shots, evidence))
    _, grain, shots, evidence = min(tried, key=lambda one: one[0])
    laws = fit_laws({number: _together(samples) for number, samples in shots.items()}, grain)
    return laws, _unevenness(shots, evidence, laws)


def _samples(train: Sequence[Picture], grain: Tensor, seed: int) -> Shots:
    shots = sorted({picture.shot for picture in train})
    return {
        shot: [
            closed_form_sample(picture, grain, PIXELS // len(train), seed)
            for picture in train
            if picture.shot == shot
        ]
        for shot in shots
    }


def _together(samples: Sequence[PlacedSample]) -> Sample:
    return together(Sample(sample.rgb, sample.cbcr, sample.weight) for sample in samples)


def _unevenness(shots: Shots, evidence: Mapping[int, Evidence], laws: Laws) -> Unevenness:
    even, placed = {}, {}
    for number, samples in shots.items():
        if evidence[number].is_uneven:
            law = placed[number] = evidence[number].law
            whole = _together(samples)
            where = torch.cat([sample.place for sample in samples], dim=1)
            rest_cbcr = whole.cbcr - placed_part(law, whole.rgb, where)
            even[number] = fit_law(Sample(whole.rgb, rest_cbcr, whole.weight), laws.axes)
    return Unevenness(even, placed)
