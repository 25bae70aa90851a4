"""The project's own fit in the form that the benchmarks compare."""

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
    steps: int | None,
    frame_numbers: Sequence[int] | None = None,
    between: Sequence[Frame] | None = None,
) -> Fit:
    """The project's model without hold-out pairs, as a `Fit`.

    Args:
        steps: training steps; None for the default.
        frame_numbers: of the pairs; None for 0, 1, 2.
        between: frames of the shot without a pair, to which colour is carried.
    """
    settings = TrainSection() if steps is None else TrainSection(steps=steps)

    def fit_ours(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
        train = pictures(sources, truths, frame_numbers or range(len(sources)))
        model = fit(train, [], settings, film_balance(sources), between)
        return lambda source_rgb: model.predict(source_rgb, 1)

    return fit_ours


def film_balance(sources: Sequence[Tensor]) -> Balance:
    """The balance that curate would find for a film, from some of its frames (3, H, W)."""
    every_tenth = [source.flatten(1)[:, ::10].clamp(0.0, 1.0) for source in sources]
    return find_balance(torch.cat(every_tenth, dim=1))


def pictures(
    sources: Sequence[Tensor], truths: Sequence[Tensor], numbers: Sequence[int]
) -> list[TrainingPicture]:
    """Pairs of one shot with full weight everywhere."""
    return [
        picture_of_pair(
            source,
            truth,
            torch.ones_like(source[:1]),
            Pair(source=number, reference=0, of="dvd", shot=1),
        )
        for number, source, truth in zip(numbers, sources, truths, strict=True)
    ]
