"""The model of one film from one that was fitted to all films of its series."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from unfade.film.series import is_own_shot
from unfade.model import Baseline, ChromaModel
from unfade.model.closed_form.gradings import Gradings
from unfade.model.closed_form.laws import Laws
from unfade.model.closed_form.unevenness import Unevenness

Value = TypeVar("Value")


def model_of_film(model: ChromaModel) -> ChromaModel:
    """The model without the shots of other films; laws and networks of the whole series stay."""
    unevenness = model.unevenness
    return replace(
        model,
        laws=_laws_of_film(model.laws),
        unevenness=Unevenness(_own(unevenness.even), _own(unevenness.by_position)),
        baseline=model.baseline and baseline_of_film(model.baseline),
    )


def baseline_of_film(baseline: Baseline) -> Baseline:
    """The LUTs of the series and of the film's own shots."""
    return replace(baseline, shots=_own(baseline.shots))


def _laws_of_film(laws: Laws) -> Laws:
    general = laws.general
    return replace(
        laws,
        shots=_own(laws.shots),
        paired=frozenset(filter(is_own_shot, laws.paired)),
        general=general and replace(general, distances=_own(general.distances)),
        gradings=Gradings(_own(laws.gradings.by_shot)),
    )


def _own(by_shot: Mapping[int, Value]) -> dict[int, Value]:
    return {shot: value for shot, value in by_shot.items() if is_own_shot(shot)}
