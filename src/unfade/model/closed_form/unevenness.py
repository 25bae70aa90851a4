"""Uneven fading: a closed-form law of colour that depends on the position in the frame.

Dyes fade in proportion. In the logarithm of R'G'B' uneven fading is therefore a linear change whose
coefficients vary slowly over the frame. The law is a polynomial of the logarithm; the coefficients
of its terms up to the second degree are quadratic in the position.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from unfade.color.log_light import logarithm
from unfade.model.closed_form.laws import Law

POSITION_TERMS = 50
"""Terms that depend on the position: 10 products of up to two channels times 5 of the position."""


@dataclass(frozen=True)
class Unevenness:
    """Shots that fade unevenly, by number.

    `even` holds the law that depends on colour alone, `by_position` the coefficients
    (2, POSITION_TERMS) of the part that depends on the position. The two are added.
    """

    even: Mapping[int, Law]
    by_position: Mapping[int, Tensor]

    def __contains__(self, shot: int) -> bool:
        return shot in self.by_position

    def predict(self, rgb_degrained: Tensor, shot: int, position: Tensor) -> Tensor:
        """Chroma (2, H, W) of degrained pixels (3, H, W) of one of these shots, at positions
        (2, H, W) from -1 to 1."""
        added = position_chroma(
            self.by_position[shot], rgb_degrained.flatten(1), position.flatten(1)
        )
        return self.even[shot](rgb_degrained) + added.reshape(position.shape)


NO_UNEVENNESS = Unevenness({}, {})
"""No shot fades unevenly."""


def position_chroma(coefficients: Tensor, rgb: Tensor, position: Tensor) -> Tensor:
    """Chroma (2, N) that depends on the position.

    Args:
        coefficients: (2, POSITION_TERMS).
        rgb: R'G'B' (3, N).
        position: (2, N), -1 to 1.
    """
    products, powers = polynomial_terms(log_rgb(rgb), 2), _position_powers(position)
    per_product = coefficients.reshape(2, len(products), len(powers)) @ powers
    return (per_product * products).sum(dim=1)


def position_terms(rgb: Tensor, position: Tensor) -> Tensor:
    """Terms (POSITION_TERMS, N) of the law at R'G'B' (3, N) and positions (2, N)."""
    products = polynomial_terms(log_rgb(rgb), 2)
    return (products[:, None] * _position_powers(position)).flatten(0, 1)


def _position_powers(position: Tensor) -> Tensor:
    """(5, N) from positions (2, N)."""
    x, y = position
    return torch.stack([x, y, x * x, x * y, y * y])


def log_rgb(rgb: Tensor) -> Tensor:
    """Logarithm of R'G'B', scaled to about -1.6 to 1."""
    return logarithm(rgb) / 1.5 + 1


def polynomial_terms(channels: Tensor, degree: int) -> Tensor:
    """All products of up to `degree` of the channels (3, N), the constant first."""
    products = [torch.ones_like(channels[0])]
    for count in range(1, degree + 1):
        for indices in combinations_with_replacement(range(3), count):
            products.append(torch.stack([channels[i] for i in indices]).prod(dim=0))
    return torch.stack(products)
