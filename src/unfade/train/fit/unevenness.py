"""The fit of uneven fading, and the cross-validation that decides whether it is used."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.model.closed_form.unevenness import (
    POSITION_TERMS,
    log_rgb,
    polynomial_terms,
    position_terms,
)
from unfade.train.data.samples import PositionedSamples

RIDGE = 1e-6
"""Weight of the squared coefficients against the mean squared error of the samples. Keeps the
equations solvable without changing well determined coefficients."""

FRAME_FOLDS = 4
"""Folds of a single picture: blocks spread over the frame."""

MAX_ERROR_RATIO = 0.92
"""Largest error of the law with position, as a share of that without, in every fold. A small gain
is not enough, because in one picture a position also identifies the object that lies there."""

SINGLE_PICTURE_FACTOR = 0.5
"""Factor on the position coefficients from a single picture, which cannot tell a position from the
object there. The half was best in the mean (decisions/04)."""

EVEN_DEGREE = 4
"""Degree of the polynomial of the logarithm without position."""

EVEN_TERMS = 35
"""Terms of that polynomial, of three channels."""


@dataclass(frozen=True)
class CrossValidation:
    """Weighted absolute errors of chroma per fold, for laws with and without position.

    `coefficients` (2, POSITION_TERMS) are those of the law with position, fitted to all folds.
    """

    even_errors: tuple[float, ...]
    position_errors: tuple[float, ...]
    coefficients: Tensor

    @property
    def is_uneven(self) -> bool:
        """Whether the position reduces the error clearly in every fold."""
        folds = zip(self.position_errors, self.even_errors, strict=True)
        return all(with_position < MAX_ERROR_RATIO * even for with_position, even in folds)

    @property
    def best_error(self) -> float:
        """The smaller total error of the two kinds of law."""
        return min(sum(self.even_errors), sum(self.position_errors))


def cross_validate(samples: Sequence[PositionedSamples]) -> CrossValidation:
    """Cross-validates the laws of a shot over its references.

    The law for each reference is fitted to the others. A single reference is divided into blocks of
    the frame.
    """
    folds = samples if len(samples) > 1 else _blocks(samples[0])
    equations = [_equations(fold) for fold in folds]
    errors: dict[int, list[float]] = {EVEN_TERMS: [], EVEN_TERMS + POSITION_TERMS: []}
    for i, fold in enumerate(folds):
        others = [one for k, one in enumerate(equations) if k != i]
        terms = _terms(fold)
        for count, fold_errors in errors.items():
            error = (fold.cbcr - _solve(others, count) @ terms[:count]).abs().sum(dim=0)
            fold_errors.append(float((error * fold.weight).sum()))
    coefficients = _solve(equations, EVEN_TERMS + POSITION_TERMS)[:, EVEN_TERMS:]
    even_errors, position_errors = map(tuple, errors.values())
    pictures = sum(sample.pictures for sample in samples)
    factor = 1.0 if pictures > 1 else SINGLE_PICTURE_FACTOR
    return CrossValidation(even_errors, position_errors, coefficients.contiguous() * factor)


def _blocks(sample: PositionedSamples) -> list[PositionedSamples]:
    """A sample divided into `FRAME_FOLDS` folds, each of blocks spread over the frame."""
    column, row = ((sample.position + 1) * 3).floor().clamp(0, 5).long()
    fold = (column + 2 * row) % FRAME_FOLDS
    return [
        PositionedSamples(
            sample.rgb[:, fold == i],
            sample.position[:, fold == i],
            sample.cbcr[:, fold == i],
            sample.weight[fold == i],
        )
        for i in range(FRAME_FOLDS)
    ]


def _equations(sample: PositionedSamples) -> tuple[Tensor, Tensor, float]:
    """Normal matrix, right-hand side and total weight of some pixels."""
    terms = _terms(sample)
    weighted = terms * sample.weight
    return (
        (weighted @ terms.T).double(),
        (weighted @ sample.cbcr.T).double(),
        float(sample.weight.sum()),
    )


def _solve(equations: Sequence[tuple[Tensor, Tensor, float]], count: int) -> Tensor:
    """Coefficients (2, count) of the first `count` terms, from summed equations."""
    total = sum(weight for _, _, weight in equations)
    normal = torch.stack([one[:count, :count] for one, _, _ in equations]).sum(dim=0) / total
    right = torch.stack([one[:count] for _, one, _ in equations]).sum(dim=0) / total
    ridge = RIDGE * torch.eye(count, dtype=torch.float64)
    coefficients: Tensor = torch.linalg.solve(normal + ridge, right)
    return coefficients.T.float()


def _terms(sample: PositionedSamples) -> Tensor:
    """Terms (EVEN_TERMS + POSITION_TERMS, N) of a sample."""
    even = polynomial_terms(log_rgb(sample.rgb), EVEN_DEGREE)
    return torch.cat([even, position_terms(sample.rgb, sample.position)])
