"""The predicted error of a model: how far it is to be believed at a pixel, in CIEDE2000.

The error of chroma is taken for a sum of what is always left, of how far a pixel is from all that
was learned from, of how far the networks disagree, and of how much they change the closed form.
Nonnegative least squares over pixels with known truth weigh the four. CIEDE2000 is that times how
well an error of chroma is seen at the colour.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.sensitivity import visibility
from unfade.model.features import KINDRED

TERMS = 4


@dataclass(frozen=True)
class Prototypes:
    """Pixels that a model learned from: `places` (P, D), of features over their `spread` (D,)."""

    places: Tensor
    spread: Tensor

    def distance(self, features: Tensor) -> Tensor:
        """Of features (N, COUNT) to the nearest, (N,), in standard deviations of training."""
        return torch.cdist(features[:, KINDRED] / self.spread, self.places).amin(dim=1)


@dataclass(frozen=True)
class Signs:
    """What the predicted error is made from, of N pixels.

    `members_cbcr` (M, N, 2) is what each network adds to chroma, `change_cbcr` (N, 2) what is
    added, `ycbcr` (N, 3) the outcome.
    """

    features: Tensor
    members_cbcr: Tensor
    change_cbcr: Tensor
    ycbcr: Tensor


@dataclass(frozen=True)
class Uncertainty:
    """Predicts the error of a model. `weights` (TERMS,) are of the terms, in chroma."""

    prototypes: Prototypes
    weights: Tensor

    def predict(self, signs: Signs) -> Tensor:
        """CIEDE2000 (N,)."""
        return error_terms(self.prototypes, signs) @ self.weights


def error_terms(prototypes: Prototypes, signs: Signs) -> Tensor:
    """(N, TERMS): their weights are errors of chroma, or shares of it."""
    novelty = prototypes.distance(signs.features)
    apart = signs.members_cbcr - signs.members_cbcr.mean(dim=0)
    disagreement = apart.square().mean(dim=0).sum(dim=1).sqrt()
    change = signs.change_cbcr.norm(dim=1)
    terms = torch.stack([torch.ones_like(novelty), novelty, disagreement, change], dim=1)
    return terms * visibility(signs.ycbcr)[:, None]
