"""How the fade varies over the frame: a closed-form law of colour that depends on the place.

Dyes fade in proportion, so in the logarithm of R'G'B' uneven fading is a linear change whose
coefficients drift slowly across the frame. The law is a polynomial of the logarithm; the
coefficients of its terms up to the second degree are quadratic forms of the place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from unfade.model.closed_form.laws import Law
from unfade.model.features import place

FLOOR = 0.02
"""Added to R'G'B' before its logarithm, so that black stays finite."""


PLACED_TERMS = 50


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
    products, places = products_of(log_rgb(rgb), 2), _places(where)
    coefficients = law.reshape(2, len(products), len(places)) @ places
    return (coefficients * products).sum(dim=1)


def placed_terms(rgb: Tensor, where: Tensor) -> Tensor:
    """(PLACED_TERMS, N) of R'G'B' (3, N) at places (2, N)."""
    return (products_of(log_rgb(rgb), 2)[:, None] * _places(where)).flatten(0, 1)


def _places(where: Tensor) -> Tensor:
    """(5, N) of places (2, N)."""
    x, y = where
    return torch.stack([x, y, x * x, x * y, y * y])


def log_rgb(rgb: Tensor) -> Tensor:
    """About -1.6 to 1."""
    return (rgb.clamp_min(0.0) + FLOOR).log() / 1.5 + 1


def products_of(seen: Tensor, degree: int) -> Tensor:
    """All products of up to `degree` of the channels (3, N)."""
    products = [torch.ones_like(seen[0])]
    for count in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(3), count):
            products.append(torch.stack([seen[i] for i in chosen]).prod(dim=0))
    return torch.stack(products)
