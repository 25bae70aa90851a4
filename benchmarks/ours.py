"""The product's own fit, as the benchmarks call it."""

from collections.abc import Sequence

import torch
from closed_forms import Recover
from torch import Tensor

from unfade.film.pair import Pair
from unfade.film.project import TrainSection
from unfade.train.lesson import fit
from unfade.train.samples import Picture, picture


def fit_ours(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """Our model with its default settings and no hold-out pair."""
    model = fit(pictures(sources, truths), [], TrainSection())
    return lambda source_rgb: model.predict(source_rgb, 1)


def pictures(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> list[Picture]:
    """Pairs of one shot, trusted everywhere."""
    return [
        picture(source, truth, torch.ones_like(source[:1]), Pair(source=i, reference=0, shot=1))
        for i, (source, truth) in enumerate(zip(sources, truths, strict=True))
    ]
