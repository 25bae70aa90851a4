"""The networks: from the features of a pixel to the residual chroma of the closed form."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from unfade.film.model import ModelSize
from unfade.model.familiarity import Familiarity
from unfade.model.features import (
    CHROMA_GAIN,
    FEATURE_COUNT,
    FEATURES_PER_SCALE,
    PIXEL_FEATURES,
    WIDE_FEATURES,
)

WIDTHS: dict[ModelSize, tuple[int, ...]] = {
    "small": (32, 32),
    "medium": (48, 48, 48),
    "large": (96, 96, 96),
}
"""Units in each hidden layer of a network, by model size. Wider layers fit more and cost more; a
network of 128-128-128 was no better (decisions/04)."""

CONTEXT_GAIN = ((1.0, 1.0, 0.0, 0.0, 0.0, 0.0), (1.0, 0.7, 0.49, 0.34, 0.24, 0.17))
"""Input gain of each context network on its surroundings, from the finest scale to the coarsest. A
smaller gain slows learning from that scale."""

NETWORKS = 1 + len(CONTEXT_GAIN)
"""Number of networks: the memory network and the context networks."""


class ParallelNetworks(nn.Module):
    """M networks of one shape, computed together: features (M, N, FEATURE_COUNT) to residual chroma
    (M, N, 2).

    The last layer starts at zero. `centre` (M, FEATURE_COUNT) is subtracted from the features, then
    `gain` (M, FEATURE_COUNT) multiplies them.
    """

    centre: Tensor
    gain: Tensor

    def __init__(self, count: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        inputs = FEATURE_COUNT
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for width in widths:
            bound = 1 / math.sqrt(inputs)
            self.weights.append(torch.empty(count, inputs, width).uniform_(-bound, bound))
            self.biases.append(torch.empty(count, 1, width).uniform_(-bound, bound))
            inputs = width
        self.weights.append(torch.zeros(count, inputs, 2))
        self.biases.append(torch.zeros(count, 1, 2))
        self.register_buffer("centre", torch.zeros(count, FEATURE_COUNT))
        self.register_buffer("gain", torch.ones(count, FEATURE_COUNT))

    def forward(self, features: Tensor) -> Tensor:
        *hidden, (weight, bias) = zip(self.weights, self.biases, strict=True)
        first = hidden[0][0] * self.gain[..., None]
        hidden[0] = (first, hidden[0][1] - self.centre[:, None] @ first)
        for layer, offset in hidden:
            features = functional.silu(torch.baddbmm(offset, features, layer))
        return torch.baddbmm(bias, features, weight) / CHROMA_GAIN


class MemoryNetwork(ParallelNetworks):
    """One network for familiar pictures. It reads all features, normalised to one spread
    (`fit_feature_scale`), and learns the training pictures by heart."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__(1, WIDTHS[size])


class ContextNetworks(ParallelNetworks):
    """Networks for unfamiliar pictures. They learn slowly, each from other surroundings, so that
    their errors differ and partly cancel in the mean."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__(len(CONTEXT_GAIN), WIDTHS[size])
        gain = torch.tensor(CONTEXT_GAIN)
        self.gain[:, PIXEL_FEATURES:] = gain.repeat_interleave(FEATURES_PER_SCALE, dim=1)


class ResidualNetworks(nn.Module):
    """All networks: features (N, FEATURE_COUNT) of pixels to residual chroma Cb, Cr (N, 2).

    The memory network is used where the surroundings are familiar, the mean of the context networks
    elsewhere, and a blend of both between.
    """

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.memory = MemoryNetwork(size)
        self.context = ContextNetworks(size)
        self.familiarity = Familiarity()

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.memory.centre.device

    def all_chroma(self, features: Tensor) -> Tensor:
        """Residual chroma by each network, (NETWORKS, N, 2), from (NETWORKS, N, FEATURE_COUNT)."""
        return torch.cat([self.memory(features[:1]), self.context(features[1:])])

    def forward(self, features: Tensor) -> Tensor:
        """Residual chroma (N, 2) from features (N, FEATURE_COUNT)."""
        familiar = self.familiarity(self.wide_features(features))
        memory_cbcr = predict_where(self.memory_chroma, features, familiar > 0)
        context_cbcr = predict_where(self.context_chroma, features, familiar < 1)
        return torch.lerp(context_cbcr, memory_cbcr, familiar[:, None])

    def wide_features(self, features: Tensor) -> Tensor:
        """Wide surroundings (N, WIDE) among features (N, FEATURE_COUNT), in standard deviations of
        training."""
        wide = torch.tensor(WIDE_FEATURES, device=features.device)
        return (features[:, wide] - self.memory.centre[0, wide]) * self.memory.gain[0, wide]

    def memory_chroma(self, features: Tensor) -> Tensor:
        """Residual chroma by the memory network, (N, 2), from features (N, FEATURE_COUNT)."""
        cbcr: Tensor = self.memory(features[None])[0]
        return cbcr

    def context_chroma(self, features: Tensor) -> Tensor:
        """Mean residual chroma by the context networks, (N, 2), from (N, FEATURE_COUNT)."""
        cbcr: Tensor = self.context(features.expand(len(CONTEXT_GAIN), -1, -1)).mean(dim=0)
        return cbcr


Network = Callable[[Tensor], Tensor]
"""From features (N, FEATURE_COUNT) to residual chroma (N, 2)."""


def predict_where(network: Network, features: Tensor, mask: Tensor) -> Tensor:
    """Residual chroma (N, 2) by a network on the CPU, zero where the mask (N,) is false.

    An accelerator computes all pixels, because counting those of the mask would stall it.
    """
    if features.device.type != "cpu" or mask.all():
        return network(features)
    cbcr = torch.zeros(features.shape[0], 2)
    if mask.any():
        cbcr[mask] = network(features[mask])
    return cbcr
