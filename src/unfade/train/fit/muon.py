"""An optimiser for the weights of layers: steps along the nearest orthogonal matrix.

All directions of a layer's input then learn at one pace, those that vary little too, which is how a
network takes to fine context in hundreds of steps. Source: Jordan et al., "Muon: An optimizer for
hidden layers in neural networks", 2024. `torch.optim.Muon` takes one matrix at a time and rounds to
bfloat16, which is slow where processors lack it; here layers are (members, inputs, units) in float.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic whose iteration brings singular values near 1, from the source."""
ITERATIONS = 5


class Orthogonal(torch.optim.Optimizer):
    """Steps of length `lr` in every direction of matrices (..., inputs, units)."""

    def __init__(self, params: Iterable[dict[str, Any]], weight_decay: float) -> None:
        super().__init__(params, {"lr": 0.0, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Moves the parameters along their gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                state = self.state[parameter]
                momentum = state.setdefault("momentum", torch.zeros_like(parameter))
                momentum.mul_(MOMENTUM).add_(gradient)
                way = orthogonal(gradient + MOMENTUM * momentum)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(group["lr"] * way)


def orthogonal(matrices: Tensor) -> Tensor:
    """About the nearest orthogonal matrices of (..., rows, columns), by Newton and Schulz."""
    a, b, c = COEFFICIENTS
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.mT
    found: Tensor = wide / (torch.linalg.matrix_norm(wide, keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        square = found @ found.mT
        found = a * found + (b * square + c * square @ square) @ found
    return found if matrices.shape[-2] <= matrices.shape[-1] else found.mT
