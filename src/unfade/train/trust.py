"""How near surroundings must be to those of training for what is remembered to be believed.

Every member but the first was kept from a part of the training: pairs of each shot, or blocks of
the only one. What such a member says of that part, and how far the part is from the rest, tells
how far its memory reaches.
"""

import torch
from torch import Tensor

from unfade.network import Residual
from unfade.network.chroma_model import MEMBERS
from unfade.network.familiarity import CONTEXTS, closeness, distance
from unfade.train.samples import Pixels
from unfade.train.sensitivity import seen_error

LEAST_SPREAD = 0.02
"""Added to the spread of a feature: one that hardly varies is no reason to see much in it."""

EXAMINED = 10_000
"""Pixels of each part that are asked for."""

AT_HOME = 0.95
"""Share of the pixels of training that are familiar at the least."""

REACHES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Quantiles of the distance of pixels kept apart that are tried as limits of the familiar."""

LEAST_GAIN = 0.97
"""Memory reaches beyond training where that leaves at most this share of the error."""

NEARLY = 0.1
"""Share of what the best limits gain that is given up for narrower ones."""

Limits = tuple[float, float]


def acquaint(residual: Residual, train: Pixels, seed: int) -> None:
    """Tells an untrained network of the mean and spread of features, and of the surroundings."""
    residual.centre.copy_(train.features.mean(dim=0))
    residual.spread.copy_(train.features.std(dim=0, correction=0) + LEAST_SPREAD)
    kept = _contexts(train, seed)
    residual.familiarity.contexts.copy_(residual.wide(train.features[kept]))


@torch.no_grad()
def set_limits(residual: Residual, train: Pixels, seed: int) -> None:
    """Finds how near is familiar, and how far is strange."""
    draw = torch.Generator().manual_seed(seed)
    taught = train.taught[_contexts(train, seed)]
    contexts = residual.familiarity.contexts
    at_home: list[Tensor] = []
    away: list[Tensor] = []
    remembered, missing, sensitivity = [], [], []
    for member in range(1, MEMBERS):
        its_contexts = contexts[taught[:, member]]
        for seen, found in ((True, at_home), (False, away)):
            chosen = _some(train.taught[:, member] == seen, draw)
            features = train.features[chosen]
            found.append(distance(residual.wide(features), its_contexts))
        remembered.append(residual.members(features[None], member, member + 1)[0])
        missing.append(train.truth_cbcr[chosen] - train.base_cbcr[chosen])
        sensitivity.append(train.sensitivity[chosen])
    least = float(torch.cat(at_home).quantile(AT_HOME))
    parts = [torch.cat(part) for part in (away, remembered, missing, sensitivity)]
    near, far = _limits(least, *parts)
    residual.familiarity.near.fill_(near)
    residual.familiarity.far.fill_(far)


def _limits(
    least: float, away: Tensor, remembered: Tensor, missing: Tensor, sensitivity: Tensor
) -> Limits:
    """The narrowest limits that are about the best for pixels `away` (N,) from training.

    `remembered` and `missing` (N, 2) is the chroma that is and that ought to be added.
    """
    reaches = away.clamp_min(least).quantile(torch.tensor(REACHES)).tolist()
    edges = [least, *reaches, 2 * reaches[-1] - least]

    def error(limits: Limits) -> float:
        added = closeness(away, *limits)[:, None] * remembered
        return float(seen_error(added - missing, sensitivity).mean())

    errors = {(near, far): error((near, far)) for near in edges for far in edges if near <= far}
    home = errors[least, least]
    best = min(errors.values())
    if best > LEAST_GAIN * home:
        return least, least
    enough = best + NEARLY * (home - best)
    return min((limits for limits in errors if errors[limits] <= enough), key=sum)


def _contexts(train: Pixels, seed: int) -> Tensor:
    """Places of the pixels whose surroundings are kept."""
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(train.weight.shape[0], (CONTEXTS,), generator=draw)


def _some(wanted: Tensor, draw: torch.Generator) -> Tensor:
    """Up to `EXAMINED` places where `wanted` (N,) holds, by chance."""
    places = torch.nonzero(wanted)[:, 0]
    return places[torch.randperm(places.numel(), generator=draw)[:EXAMINED]]
