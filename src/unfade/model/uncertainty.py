"""The predicted error of a model at a pixel, in CIEDE2000.

Where training shows the colour and its surroundings, the error of chroma is a weighted sum of a
constant, the disagreement of the networks, and the size of their correction to the closed form.
Elsewhere it is the error that leaving samples out has shown at such a distance. Nonnegative least
squares over pixels with ground truth give the weights. CIEDE2000 is the mean of both times the
visibility of a chroma error at the predicted colour.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.sensitivity import visibility

SEEN_TERMS = 3
"""Terms of what training shows: constant, disagreement, correction."""

UNPAIRED_TRUST = 0.5
"""Factor on how far training shows a pixel in a shot without pairs. The same colours and scenes of
other shots hold less there: with 1 frames of two films rank by 0.84, with 0.5 by 0.86
(decisions/17)."""

ERROR_TERMS = SEEN_TERMS + 2
"""All terms: after those, the error beyond training in shots with pairs, and in shots without."""


@dataclass(frozen=True)
class ErrorInputs:
    """Inputs of the predicted error of N pixels of a shot.

    `residuals_cbcr` (M, N, 2) is the residual of each network, `residual_cbcr` (N, 2) the one in
    use, `ycbcr` (N, 3) the predicted colour. `known` (N,) is how far training shows the pixel,
    0 to 1, `unseen` (N,) the error of chroma where it does not. `has_pairs` is whether the shot has
    pairs.
    """

    residuals_cbcr: Tensor
    residual_cbcr: Tensor
    ycbcr: Tensor
    known: Tensor
    unseen: Tensor
    has_pairs: bool


@dataclass(frozen=True)
class Uncertainty:
    """Predicts the error of a model. `weights` (ERROR_TERMS,) are in units of chroma for what
    training shows, and factors beyond it."""

    weights: Tensor

    def predict(self, inputs: ErrorInputs) -> Tensor:
        """CIEDE2000 (N,)."""
        return error_terms(inputs) @ self.weights


def error_terms(inputs: ErrorInputs) -> Tensor:
    """The terms (N, ERROR_TERMS) of the sum, each times the visibility of a chroma error."""
    from_mean = inputs.residuals_cbcr - inputs.residuals_cbcr.mean(dim=0)
    disagreement = from_mean.square().mean(dim=0).sum(dim=1).sqrt()
    correction = inputs.residual_cbcr.norm(dim=1)
    seen = torch.stack([torch.ones_like(disagreement), disagreement, correction])
    trust = inputs.known if inputs.has_pairs else UNPAIRED_TRUST * inputs.known
    beyond, none = (1 - trust) * inputs.unseen, torch.zeros_like(inputs.unseen)
    unseen = torch.stack([beyond, none] if inputs.has_pairs else [none, beyond])
    terms = torch.cat([trust * seen, unseen])
    return (terms * visibility(inputs.ycbcr)).T
