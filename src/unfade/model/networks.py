"""The networks: features of a pixel to the chroma that the closed form misses."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from unfade.film.model import ModelSize
from unfade.model.familiarity import Familiarity
from unfade.model.features import CHROMA_GAIN, COUNT, OWN, PER_SCALE, WIDE

WIDTHS: dict[ModelSize, tuple[int, ...]] = {
    "small": (32, 32),
    "medium": (48, 48, 48),
    "large": (96, 96, 96),
}
"""Units in each hidden layer of a network, by model size."""

CONTEXT_GAIN = ((1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0), (1.0, 0.7, 0.49, 0.34, 0.24, 0.17, 0.12))
"""Input gain of each context network on its surroundings, from the finest scale to the coarsest. A
smaller gain slows learning from that scale."""

NETWORKS = 1 + len(CONTEXT_GAIN)
"""Number of networks: the memory network and the context networks."""


class ParallelNetworks(nn.Module):
    """Networks of one shape side by side: features (M, N, COUNT) to chroma (M, N, 2).

    Their last layer starts at zero. Features are centred by `centre` (M, COUNT) and scaled by
    `gain` (M, COUNT).
    """

    centre: Tensor
    gain: Tensor

    def __init__(self, count: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        inputs = COUNT
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for width in widths:
            bound = 1 / math.sqrt(inputs)
            self.weights.append(torch.empty(count, inputs, width).uniform_(-bound, bound))
            self.biases.append(torch.empty(count, 1, width).uniform_(-bound, bound))
            inputs = width
        self.weights.append(torch.zeros(count, inputs, 2))
        self.biases.append(torch.zeros(count, 1, 2))
        self.register_buffer("centre", torch.zeros(count, COUNT))
        self.register_buffer("gain", torch.ones(count, COUNT))

    def forward(self, features: Tensor) -> Tensor:
        *hidden, (weight, bias) = zip(self.weights, self.biases, strict=True)
        first = hidden[0][0] * self.gain[..., None]
        hidden[0] = (first, hidden[0][1] - self.centre[:, None] @ first)
        for layer, offset in hidden:
            features = functional.silu(torch.baddbmm(offset, features, layer))
        return torch.baddbmm(bias, features, weight) / CHROMA_GAIN


class MemoryNetwork(ParallelNetworks):
    """One network that weighs all features alike, and so learns places of the film by heart."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__(1, WIDTHS[size])


class ContextNetworks(ParallelNetworks):
    """Networks that learn slowly, each from other surroundings, so that their errors differ."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__(len(CONTEXT_GAIN), WIDTHS[size])
        self.gain[:, OWN:] = torch.tensor(CONTEXT_GAIN).repeat_interleave(PER_SCALE, dim=1)


class ResidualNetworks(nn.Module):
    """Chroma that the closed form misses, per pixel: features (N, COUNT) to Cb and Cr (N, 2).

    Where surroundings are familiar, the memory network decides; elsewhere, the mean of the context
    networks does.
    """

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.memory = MemoryNetwork(size)
        self.context = ContextNetworks(size)
        self.familiarity = Familiarity()

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return self.memory.centre.device

    def all_chroma(self, features: Tensor) -> Tensor:
        """Chroma by each network, (NETWORKS, N, 2), from features (NETWORKS, N, COUNT)."""
        return torch.cat([self.memory(features[:1]), self.context(features[1:])])

    def forward(self, features: Tensor) -> Tensor:
        """ResidualNetworks chroma (N, 2) from features (N, COUNT)."""
        familiar = self.familiarity(self.wide_features(features))
        memory_cbcr = predict_where(self.memory_chroma, features, familiar > 0)
        context_cbcr = predict_where(self.context_chroma, features, familiar < 1)
        return torch.lerp(context_cbcr, memory_cbcr, familiar[:, None])

    def wide_features(self, features: Tensor) -> Tensor:
        """The wide surroundings (N, WIDE) among features (N, COUNT), in standard deviations of
        training."""
        chosen = torch.tensor(WIDE, device=features.device)
        return (features[:, chosen] - self.memory.centre[0, chosen]) * self.memory.gain[0, chosen]

    def memory_chroma(self, features: Tensor) -> Tensor:
        """Chroma by the memory network, (N, 2), from features (N, COUNT)."""
        cbcr: Tensor = self.memory(features[None])[0]
        return cbcr

    def context_chroma(self, features: Tensor) -> Tensor:
        """Mean chroma by the context networks, (N, 2), from features (N, COUNT)."""
        cbcr: Tensor = self.context(features.expand(len(CONTEXT_GAIN), -1, -1)).mean(dim=0)
        return cbcr


Network = Callable[[Tensor], Tensor]
"""From features (N, COUNT) to chroma (N, 2)."""


def predict_where(network: Network, features: Tensor, wanted: Tensor) -> Tensor:
    """Chroma (N, 2) by a network, zero where it is not `wanted` (N,).

    On an accelerator all pixels are computed, because counting the wanted ones would stall it.
    """
    if features.device.type != "cpu" or wanted.all():
        return network(features)
    cbcr = torch.zeros(features.shape[0], 2)
    if wanted.any():
        cbcr[wanted] = network(features[wanted])
    return cbcr
