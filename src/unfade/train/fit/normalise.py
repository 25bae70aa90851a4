"""What a network is told before it learns: the scale of features, and where it will be at home."""

import torch
from torch import Tensor

from unfade.model import ResidualNetworks
from unfade.model.familiarity import CONTEXTS, distance
from unfade.train.data.pixels import Pixels

LEAST_SPREAD = 0.02
"""Added to the spread of a feature: one that hardly varies is no reason to see much in it."""

EXAMINED = 10_000
"""Pixels of training whose distance to the surroundings that are kept is asked for."""

AT_HOME = 0.95
"""Share of the pixels of training that are familiar."""

STRANGE = 1.3
"""Times the distance of the familiar from which on nothing is."""


@torch.no_grad()
def fit_feature_scale(residual: ResidualNetworks, train: Pixels) -> None:
    """Sets the scale on which the memory of a new network is to see features."""
    residual.memory.centre[0] = train.features.mean(dim=0)
    residual.memory.gain[0] = 1 / (train.features.std(dim=0, correction=0) + LEAST_SPREAD)


@torch.no_grad()
def fit_familiarity(residual: ResidualNetworks, train: Pixels, seed: int) -> None:
    """Sets the surroundings that are familiar to a network: those it is about to learn from."""
    familiarity = residual.familiarity
    draw = torch.Generator().manual_seed(seed)
    kept, examined = (_some(train, count, draw) for count in (CONTEXTS, EXAMINED))
    familiarity.contexts.copy_(residual.wide_features(kept))
    away = distance(residual.wide_features(examined), familiarity.contexts)
    familiarity.near.copy_(away.quantile(AT_HOME))
    familiarity.far.copy_(STRANGE * familiarity.near)


def _some(train: Pixels, count: int, draw: torch.Generator) -> Tensor:
    """Features of `count` pixels by chance."""
    return train.features[torch.randint(train.features.shape[0], (count,), generator=draw)]
