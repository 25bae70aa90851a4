"""The product's own fit, as the benchmarks call it."""

from collections.abc import Sequence

import torch
from closed_forms import Fit, Recover
from torch import Tensor

from unfade.color.balance import find_balance
from unfade.film.balance import Balance
from unfade.film.pair import Pair
from unfade.project.settings import TrainSection
from unfade.train.data.carried_colour import Frame
from unfade.train.data.pixels import TrainingPicture, picture_of_pair
from unfade.train.training_set import fit


def ours(
    steps: int | None, numbers: Sequence[int] | None = None, between: Sequence[Frame] | None = None
) -> Fit:
    """Our model, without a hold-out pair; with default settings where `steps` is none.

    `numbers` are those of the pairs' frames; `between` are frames of the shot that have none.
    """
    settings = TrainSection() if steps is None else TrainSection(steps=steps)

    def fit_ours(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
        shown = pictures(sources, truths, numbers or range(len(sources)))
        model = fit(shown, [], settings, film_balance(sources), between)
        return lambda source_rgb: model.predict(source_rgb, 1)

    return fit_ours


def film_balance(sources: Sequence[Tensor]) -> Balance:
    """The balance that curate would find of a film, from some of its frames (3, H, W)."""
    seen = torch.cat([source.flatten(1)[:, ::10].clamp(0.0, 1.0) for source in sources], dim=1)
    return find_balance(seen)


def pictures(
    sources: Sequence[Tensor], truths: Sequence[Tensor], numbers: Sequence[int]
) -> list[TrainingPicture]:
    """Pairs of one shot, trusted everywhere."""
    return [
        picture_of_pair(
            source,
            truth,
            torch.ones_like(source[:1]),
            Pair(source=number, reference=0, of="dvd", shot=1),
        )
        for number, source, truth in zip(numbers, sources, truths, strict=True)
    ]
