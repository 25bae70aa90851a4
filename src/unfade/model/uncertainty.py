"""The predicted error of a model at a pixel, in CIEDE2000.

The error of chroma is a weighted sum of four terms: a constant, the distance to the nearest
training pixel, the disagreement of the networks, and the size of their correction to the closed
form. Nonnegative least squares over pixels with ground truth give the weights. CIEDE2000 is this
sum times the visibility of a chroma error at the predicted colour.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.sensitivity import visibility
from unfade.model.features import SIMILARITY_FEATURES

ERROR_TERMS = 4
"""Terms of the sum: constant, novelty, disagreement, correction."""


@dataclass(frozen=True)
class Prototypes:
    """A sample of training pixels: `points` (P, D) are their similarity features divided by the
    `spread` (D,) over training."""

    points: Tensor
    spread: Tensor

    def distance(self, features: Tensor) -> Tensor:
        """Distance (N,) of features (N, FEATURE_COUNT) to the nearest prototype, in standard
        deviations of training."""
        scaled = features[:, SIMILARITY_FEATURES] / self.spread
        return torch.cdist(scaled, self.points).amin(dim=1)


@dataclass(frozen=True)
class ErrorInputs:
    """Inputs of the predicted error of N pixels.

    `features` (N, FEATURE_COUNT). `residuals_cbcr` (M, N, 2) is the residual of each network,
    `residual_cbcr` (N, 2) the one in use, `ycbcr` (N, 3) the predicted colour.
    """

    features: Tensor
    residuals_cbcr: Tensor
    residual_cbcr: Tensor
    ycbcr: Tensor


@dataclass(frozen=True)
class Uncertainty:
    """Predicts the error of a model. `weights` (ERROR_TERMS,) are in units of chroma."""

    prototypes: Prototypes
    weights: Tensor

    def predict(self, inputs: ErrorInputs) -> Tensor:
        """CIEDE2000 (N,)."""
        return error_terms(self.prototypes, inputs) @ self.weights


def error_terms(prototypes: Prototypes, inputs: ErrorInputs) -> Tensor:
    """The terms (N, ERROR_TERMS) of the sum, each times the visibility of a chroma error."""
    novelty = prototypes.distance(inputs.features)
    from_mean = inputs.residuals_cbcr - inputs.residuals_cbcr.mean(dim=0)
    disagreement = from_mean.square().mean(dim=0).sum(dim=1).sqrt()
    correction = inputs.residual_cbcr.norm(dim=1)
    terms = torch.stack([torch.ones_like(novelty), novelty, disagreement, correction], dim=1)
    return terms * visibility(inputs.ycbcr)[:, None]
