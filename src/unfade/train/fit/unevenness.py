"""The fit of uneven fading."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.model.closed_form.unevenness import PLACED_TERMS, log_rgb, placed_terms, products_of
from unfade.train.data.samples import PlacedSamples

RIDGE = 1e-6
"""Weight of having no law, against the mean squared error of the samples."""

FEWEST_FOLDS = 4

LEAST_GAIN = 0.92
"""A place matters where knowing it leaves at most this share of the error on every part that is
kept apart: what lies where in one picture is soon taken for a law of place."""

ALONE = 0.5
"""Share of a law that is believed when it is from one picture, where places are also things."""

DEGREE = 4

EVEN_TERMS = 35


@dataclass(frozen=True)
class Evidence:
    """The errors, by part kept apart, of laws that know the place and of laws that do not."""

    even: tuple[float, ...]
    placed: tuple[float, ...]
    law: Tensor

    @property
    def is_uneven(self) -> bool:
        """Whether knowing the place pays."""
        parts = zip(self.placed, self.even, strict=True)
        return all(placed < LEAST_GAIN * even for placed, even in parts)

    @property
    def best(self) -> float:
        """The error of the better kind."""
        return min(sum(self.even), sum(self.placed))


def weigh(samples: Sequence[PlacedSamples]) -> Evidence:
    """Fits a shot's references.

    Each is judged by the law of the others; where there is one alone, each quarter of the frame
    by the rest.
    """
    folds = samples if len(samples) > 1 else _parts(samples[0])
    equations = [_equations(fold) for fold in folds]
    errors: dict[int, list[float]] = {EVEN_TERMS: [], EVEN_TERMS + PLACED_TERMS: []}
    for i, fold in enumerate(folds):
        others = [one for k, one in enumerate(equations) if k != i]
        terms = _terms(fold)
        for count, found in errors.items():
            left = (fold.cbcr - _solve(others, count) @ terms[:count]).abs().sum(dim=0)
            found.append(float((left * fold.weight).sum()))
    law = _solve(equations, EVEN_TERMS + PLACED_TERMS)[:, EVEN_TERMS:]
    even, placed = map(tuple, errors.values())
    belief = 1.0 if sum(sample.pictures for sample in samples) > 1 else ALONE
    return Evidence(even, placed, law.contiguous() * belief)


def _parts(sample: PlacedSamples) -> list[PlacedSamples]:
    """A sample in parts, each of them blocks from all over the frame."""
    column, row = ((sample.place + 1) * 3).floor().clamp(0, 5).long()
    fold = (column + 2 * row) % FEWEST_FOLDS
    return [
        PlacedSamples(
            sample.rgb[:, fold == i],
            sample.place[:, fold == i],
            sample.cbcr[:, fold == i],
            sample.weight[fold == i],
        )
        for i in range(FEWEST_FOLDS)
    ]


def _equations(sample: PlacedSamples) -> tuple[Tensor, Tensor, float]:
    """Normal matrix, right-hand side and weight of some pixels."""
    seen = _terms(sample)
    weighted = seen * sample.weight
    return (
        (weighted @ seen.T).double(),
        (weighted @ sample.cbcr.T).double(),
        float(sample.weight.sum()),
    )


def _solve(equations: Sequence[tuple[Tensor, Tensor, float]], count: int) -> Tensor:
    """Coefficients (2, count) of the first `count` terms."""
    total = sum(weight for _, _, weight in equations)
    square = torch.stack([one[:count, :count] for one, _, _ in equations]).sum(dim=0) / total
    wanted = torch.stack([one[:count] for _, one, _ in equations]).sum(dim=0) / total
    ridge = RIDGE * torch.eye(count, dtype=torch.float64)
    law: Tensor = torch.linalg.solve(square + ridge, wanted)
    return law.T.float()


def _terms(sample: PlacedSamples) -> Tensor:
    """(EVEN_TERMS + PLACED_TERMS, N)."""
    even = products_of(log_rgb(sample.rgb), DEGREE)
    return torch.cat([even, placed_terms(sample.rgb, sample.place)])
