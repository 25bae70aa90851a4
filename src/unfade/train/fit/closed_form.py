"""The closed-form part of a film's model: laws, the strength of the degrain, uneven fading."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from unfade.model import Laws
from unfade.model.closed_form.unevenness import Unevenness, placed_part
from unfade.train.data.pixels import Picture, closed_form_sample
from unfade.train.data.samples import ColourSamples, PlacedSamples
from unfade.train.fit.grain import grain_covariance
from unfade.train.fit.laws import fit_law, fit_laws
from unfade.train.fit.unevenness import Evidence, weigh
from unfade.work.progress import Track

PIXELS = 300_000
"""Pixels that a closed-form fit takes of the film: ten times the nodes of its LUT."""

GRAIN_STRENGTHS = (3.0, 20.0, 80.0, 300.0)
"""How many times the grain measured between neighbouring pixels the degrain may be told of. Grain
is wider than a pixel, and fading lets it through amplified."""

Counted = tuple[Picture, int]
"""A picture, and how many of its pixels are looked at."""


def find_grain(train: Sequence[Picture], seed: int, track: Track) -> Tensor:
    """What the degrain is told of a film's grain, a covariance (3, 3).

    It is as strong as makes laws of colour hold best on pixels kept apart. `track` is told of every
    strength that is tried.
    """
    measured = torch.stack([grain_covariance(one.source_rgb) for one in train]).mean(dim=0)
    shown = [(picture, PIXELS // len(train)) for picture in train]
    tried = []
    for strength in track(GRAIN_STRENGTHS, "Finding the grain", len(GRAIN_STRENGTHS)):
        shots = _samples(shown, measured * strength, seed)
        tried.append((sum(weigh(samples).best for samples in shots.values()), strength))
    _, strength = min(tried)
    grain: Tensor = measured * strength
    return grain


def fit_closed_form(shown: Iterable[Counted], grain: Tensor, seed: int) -> tuple[Laws, Unevenness]:
    """The laws of a film, and of the place in those of its shots that fade unevenly."""
    shots = _samples(shown, grain, seed)
    evidence = {number: weigh(samples) for number, samples in shots.items()}
    whole = {number: PlacedSamples.concatenate(samples) for number, samples in shots.items()}
    laws = fit_laws({number: sample.without_place() for number, sample in whole.items()}, grain)
    return laws, _unevenness(whole, evidence, laws)


def _samples(shown: Iterable[Counted], grain: Tensor, seed: int) -> dict[int, list[PlacedSamples]]:
    """By shot, in order, one for each pair: what was carried of it tells nothing of its own."""
    pairs: dict[tuple[int, int], list[PlacedSamples]] = {}
    for picture, count in shown:
        sample = closed_form_sample(picture, grain, count, seed)
        pairs.setdefault((picture.shot, picture.of), []).append(sample)
    shots: dict[int, list[PlacedSamples]] = {}
    for (shot, _), samples in sorted(pairs.items(), key=lambda item: item[0]):
        shots.setdefault(shot, []).append(PlacedSamples.concatenate(samples))
    return shots


def _unevenness(
    shots: Mapping[int, PlacedSamples], evidence: Mapping[int, Evidence], laws: Laws
) -> Unevenness:
    even, placed = {}, {}
    for number, whole in shots.items():
        if evidence[number].is_uneven:
            law = placed[number] = evidence[number].law
            rest_cbcr = whole.cbcr - placed_part(law, whole.rgb, whole.place)
            even[number] = fit_law(ColourSamples(whole.rgb, rest_cbcr, whole.weight), laws.axes)
    return Unevenness(even, placed)
