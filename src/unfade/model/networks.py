"""The networks: features of a pixel to the chroma that the closed form misses."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from unfade.film.model import ModelSize
from unfade.model.familiarity import Familiarity
from unfade.model.features import (
    CHROMA_GAIN,
    COUNT,
    OWN,
    PER_SCALE,
    WIDE,
)

WIDTHS: dict[ModelSize, tuple[int, ...]] = {
    "small": (32, 32),
    "medium": (48, 48, 48),
    "large": (96, 96, 96),
}
"""Units of each member's hidden layers by model size."""


HEED = ((1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0), (1.0, 0.7, 0.49, 0.34, 0.24, 0.17, 0.12))
"""How much each guesser heeds its surroundings, from the finest scale: from what it heeds less, it
learns more slowly."""


MEMBERS = 1 + len(HEED)
"""Networks: one that remembers, and those that guess."""


class Members(nn.Module):
    """Networks side by side: features (M, N, COUNT) to chroma (M, N, 2), at first zero.

    Features are taken less `centre` (M, COUNT) and times `gain` (M, COUNT).
    """

    centre: Tensor
    gain: Tensor

    def __init__(self, count: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        inputs = COUNT
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for width in widths:
            reach = 1 / math.sqrt(inputs)
            self.weights.append(torch.empty(count, inputs, width).uniform_(-reach, reach))
            self.biases.append(torch.empty(count, 1, width).uniform_(-reach, reach))
            inputs = width
        self.weights.append(torch.zeros(count, inputs, 2))
        self.biases.append(torch.zeros(count, 1, 2))
        self.register_buffer("centre", torch.zeros(count, COUNT))
        self.register_buffer("gain", torch.ones(count, COUNT))

    def forward(self, seen: Tensor) -> Tensor:
        *hidden, (weight, bias) = zip(self.weights, self.biases, strict=True)
        inner = hidden[0][0] * self.gain[..., None]
        hidden[0] = (inner, hidden[0][1] - self.centre[:, None] @ inner)
        for inner, offset in hidden:
            seen = functional.silu(torch.baddbmm(offset, seen, inner))
        return torch.baddbmm(bias, seen, weight) / CHROMA_GAIN


class Residual(nn.Module):
    """Per-pixel networks: features (N, COUNT) to what is missing from Cb and Cr (N, 2).

    The `memory` sees all features on one scale, so that it takes in what tells places of the film
    apart. It speaks where surroundings are familiar. Elsewhere the mean of the `guessers` does,
    which learn slowly what is common to much and see unlike surroundings, so that they err apart.
    """

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.memory = Members(1, WIDTHS[size])
        self.guessers = Members(MEMBERS - 1, WIDTHS[size])
        self.guessers.gain[:, OWN:] = torch.tensor(HEED).repeat_interleave(PER_SCALE, dim=1)
        self.familiarity = Familiarity()

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self.memory.centre.device

    def members(self, seen: Tensor) -> Tensor:
        """What each member says, (MEMBERS, N, 2), of features (MEMBERS, N, COUNT)."""
        return torch.cat([self.memory(seen[:1]), self.guessers(seen[1:])])

    def forward(self, seen: Tensor) -> Tensor:
        """Residual chroma (N, 2) of features (N, COUNT)."""
        familiar = self.familiarity(self.wide(seen))
        remembered = _asked_where(self.remember, seen, familiar > 0)
        guessed = _asked_where(self.guess, seen, familiar < 1)
        return torch.lerp(guessed, remembered, familiar[:, None])

    def wide(self, seen: Tensor) -> Tensor:
        """The wide surroundings (N, WIDE) of features (N, COUNT), of deviation 1 over training."""
        chosen = torch.tensor(WIDE, device=seen.device)
        return (seen[:, chosen] - self.memory.centre[0, chosen]) * self.memory.gain[0, chosen]

    def remember(self, seen: Tensor) -> Tensor:
        """What the memory says, (N, 2), of features (N, COUNT)."""
        said: Tensor = self.memory(seen[None])[0]
        return said

    def guess(self, seen: Tensor) -> Tensor:
        """What the guessers say, (N, 2), of features (N, COUNT)."""
        said: Tensor = self.guessers(seen.expand(len(HEED), -1, -1)).mean(dim=0)
        return said


Ask = Callable[[Tensor], Tensor]
"""From features (N, COUNT) to chroma (N, 2)."""


def _asked_where(ask: Ask, seen: Tensor, wanted: Tensor) -> Tensor:
    """What a network says of pixels, zero where it is not wanted (N,).

    An accelerator is asked of all: to look which count, the host would have to wait for it.
    """
    if seen.device.type != "cpu" or wanted.all():
        return ask(seen)
    said = torch.zeros(seen.shape[0], 2)
    if wanted.any():
        said[wanted] = ask(seen[wanted])
    return said
