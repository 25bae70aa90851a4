"""Muon, an optimiser for the weight matrices of hidden layers.

It replaces each gradient by the nearest orthogonal matrix. All directions of a layer's input then
learn at one pace, including those with little variation, so a network learns fine context in
hundreds of steps. Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks",
2024. `torch.optim.Muon` takes one matrix at a time and rounds to bfloat16, which is slow on CPUs
without it; here layers are float32 tensors (networks, inputs, units).
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
"""Share of the momentum that each step keeps, from the source."""

NEWTON_SCHULZ_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration that moves singular values towards 1, from the source."""

NEWTON_SCHULZ_STEPS = 5
"""Iterations of the quintic, from the source. Singular values end near 1, not at 1."""


class Muon(torch.optim.Optimizer):
    """Takes steps of length `lr` in every direction of matrices (..., inputs, units)."""

    def __init__(self, params: Iterable[dict[str, Any]], weight_decay: float) -> None:
        super().__init__(params, {"lr": 0.0, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Updates the parameters from their gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                state = self.state[parameter]
                momentum = state.setdefault("momentum", torch.zeros_like(parameter))
                momentum.mul_(MOMENTUM).add_(gradient)
                direction = orthogonalised(gradient + MOMENTUM * momentum)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(group["lr"] * direction)


def orthogonalised(matrices: Tensor) -> Tensor:
    """Approximately the nearest orthogonal matrices of (..., rows, columns), by Newton-Schulz."""
    a, b, c = NEWTON_SCHULZ_COEFFICIENTS
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.mT
    result: Tensor = wide / (torch.linalg.matrix_norm(wide, keepdim=True) + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        square = result @ result.mT
        result = a * result + (b * square + c * square @ square) @ result
    return result if matrices.shape[-2] <= matrices.shape[-1] else result.mT
