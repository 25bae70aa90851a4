"""Normalisation of a new network before training: scale of features, familiar surroundings."""

import torch
from torch import Tensor

from unfade.model import ResidualNetworks
from unfade.model.familiarity import CONTEXT_COUNT, nearest_distance
from unfade.train.data.pixels import Pixels

SPREAD_OFFSET = 0.02
"""Added to the standard deviation of a feature, so that one that hardly varies is not amplified."""

DISTANCE_PIXELS = 10_000
"""Training pixels whose distance to the kept surroundings gives the limits of familiarity."""

FAMILIAR_SHARE = 0.95
"""Share of the training pixels that are familiar: the quantile that sets the distance `near`. Below
1, because outliers would make it too wide."""

FAR_RATIO = 1.3
"""Distance `far`, from which nothing is familiar, as a multiple of `near`. The blend between the
networks lies in between and avoids a visible edge."""


@torch.no_grad()
def fit_feature_scale(residual: ResidualNetworks, train: Pixels) -> None:
    """Sets the memory network's centre and gain to the mean and deviation of training features."""
    residual.memory.centre[0] = train.features.mean(dim=0)
    residual.memory.gain[0] = 1 / (train.features.std(dim=0, correction=0) + SPREAD_OFFSET)


@torch.no_grad()
def fit_familiarity(residual: ResidualNetworks, train: Pixels, seed: int) -> None:
    """Sets the familiar surroundings of a network, and their limits, from its training pixels."""
    familiarity = residual.familiarity
    generator = torch.Generator().manual_seed(seed)
    contexts, sample = (
        _random_features(train, count, generator) for count in (CONTEXT_COUNT, DISTANCE_PIXELS)
    )
    familiarity.contexts.copy_(residual.wide_features(contexts))
    distance = nearest_distance(residual.wide_features(sample), familiarity.contexts)
    familiarity.near.copy_(distance.quantile(FAMILIAR_SHARE))
    familiarity.far.copy_(FAR_RATIO * familiarity.near)


def _random_features(train: Pixels, count: int, generator: torch.Generator) -> Tensor:
    """Features of `count` random pixels."""
    return train.features[torch.randint(train.features.shape[0], (count,), generator=generator)]
