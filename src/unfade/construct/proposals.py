"""Finds the places of a frame at which a stated colour would help most."""

import torch
from torch import Tensor

from unfade.construct.laws import Places
from unfade.construct.solver import STATED_DEVIATION, Solution


def helpful_places(
    solution: Solution,
    places: Places,
    is_eligible: Tensor,
    count: int,
) -> list[int]:
    """The places at which a stated colour would help most, one after the other.

    Each is the one whose colour, if it were known, would lower the variance of all places most; it
    does not depend on what the colour is. Source: Krause, Singh, Guestrin, 2008, with the sum of
    variances in place of mutual information.

    Args:
        solution: of what is known.
        places: spread over the frame, float64.
        is_eligible: (N,) whether a person can state a colour there: a calm surface.
        count: number of places.
    """
    covariances: tuple[Tensor, ...] = solution.covariance(places)
    noise = STATED_DEVIATION**2
    chosen: list[int] = []
    for _ in range(min(count, int(is_eligible.sum()))):
        gains = [one.square().sum(dim=0) / (one.diagonal() + noise) for one in covariances]
        gain = torch.stack(gains).sum(dim=0).masked_fill(~is_eligible, -1.0)
        gain[chosen] = -1.0
        best = int(gain.argmax())
        chosen.append(best)
        covariances = tuple(
            one - torch.outer(one[:, best], one[best]) / (one[best, best] + noise)
            for one in covariances
        )
    return chosen
