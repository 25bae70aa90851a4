"""How the fade varies over the frame: a closed-form law of colour that depends on the place.

Dyes fade in proportion, so in the logarithm of R'G'B' uneven fading is a linear change whose
coefficients drift slowly across the frame. The law is a polynomial of the logarithm; the
coefficients of its terms up to the second degree are quadratic forms of the place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from unfade.model.closed_form.laws import Law
from unfade.model.features import place

FLOOR = 0.02
"""Added to R'G'B' before its logarithm, so that black stays finite."""

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
PLACED_TERMS = 50


@dataclass(frozen=True)
class Sample:
    """Degrained pixels whose colour is of one reference: `rgb` (3, N), `place` and `cbcr` (2, N),
    `weight` (N,). They are from so many `pictures`."""

    rgb: Tensor
    place: Tensor
    cbcr: Tensor
    weight: Tensor
    pictures: int = 1


def joined(samples: Sequence[Sample]) -> Sample:
    """Several as one."""
    return Sample(
        torch.cat([sample.rgb for sample in samples], dim=1),
        torch.cat([sample.place for sample in samples], dim=1),
        torch.cat([sample.cbcr for sample in samples], dim=1),
        torch.cat([sample.weight for sample in samples]),
        sum(sample.pictures for sample in samples),
    )


@dataclass(frozen=True)
class Unevenness:
    """Of shots that fade unevenly, by number: an even law, and (2, PLACED_TERMS) added to it."""

    even: Mapping[int, Law]
    placed: Mapping[int, Tensor]

    def __contains__(self, shot: int) -> bool:
        return shot in self.placed

    def predict(self, rgb_degrained: Tensor, shot: int) -> Tensor:
        """The chroma, (2, H, W), of a picture (3, H, W) of one of these shots."""
        height, width = rgb_degrained.shape[1:]
        where = place(height, width).flatten(1)
        added = placed_part(self.placed[shot], rgb_degrained.flatten(1), where)
        return self.even[shot](rgb_degrained) + added.reshape(2, height, width)


EVEN = Unevenness({}, {})


def placed_part(law: Tensor, rgb: Tensor, where: Tensor) -> Tensor:
    """What a law (2, PLACED_TERMS) adds to chroma, (2, N), of R'G'B' (3, N) at places (2, N)."""
    products, places = _products(_logarithm(rgb), 2), _places(where)
    coefficients = law.reshape(2, len(products), len(places)) @ places
    return (coefficients * products).sum(dim=1)


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


def weigh(samples: Sequence[Sample]) -> Evidence:
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


def _parts(sample: Sample) -> list[Sample]:
    """A sample in parts, each of them blocks from all over the frame."""
    column, row = ((sample.place + 1) * 3).floor().clamp(0, 5).long()
    fold = (column + 2 * row) % FEWEST_FOLDS
    return [
        Sample(
            sample.rgb[:, fold == i],
            sample.place[:, fold == i],
            sample.cbcr[:, fold == i],
            sample.weight[fold == i],
        )
        for i in range(FEWEST_FOLDS)
    ]


def _equations(sample: Sample) -> tuple[Tensor, Tensor, float]:
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


def _terms(sample: Sample) -> Tensor:
    """(EVEN_TERMS + PLACED_TERMS, N)."""
    even = _products(_logarithm(sample.rgb), DEGREE)
    return torch.cat([even, _placed_terms(sample.rgb, sample.place)])


def _placed_terms(rgb: Tensor, where: Tensor) -> Tensor:
    """(PLACED_TERMS, N) of R'G'B' (3, N) at places (2, N)."""
    return (_products(_logarithm(rgb), 2)[:, None] * _places(where)).flatten(0, 1)


def _places(where: Tensor) -> Tensor:
    """(5, N) of places (2, N)."""
    x, y = where
    return torch.stack([x, y, x * x, x * y, y * y])


def _logarithm(rgb: Tensor) -> Tensor:
    """About -1.6 to 1."""
    return (rgb.clamp_min(0.0) + FLOOR).log() / 1.5 + 1


def _products(seen: Tensor, degree: int) -> Tensor:
    """All products of up to `degree` of the channels (3, N)."""
    products = [torch.ones_like(seen[0])]
    for count in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(3), count):
            products.append(torch.stack([seen[i] for i in chosen]).prod(dim=0))
    return torch.stack(products)
