"""Agreement of references: whether pairs that show similar surroundings have similar chroma.

A reference that was graded differently in one area, or shows something that the scan does not, is
wrong there over the whole area. Other pairs reveal it: where surroundings are similar, the residual
of the closed form should be similar too. A reference without similar surroundings in other pairs
keeps its full weight, because nothing contradicts it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from unfade.model.chroma_model import NetworkInputs
from unfade.model.features import WIDE_FEATURES
from unfade.train.data.pixels import NetworkPicture

AREA_PX = 16
"""Side of the areas in which references are compared, in pixels of the networks' raster. Larger
areas average more noise, smaller ones locate an altered region better."""

MAX_OTHER_PAIRS = 16
"""Pairs, the nearest in the film, that each one is compared with. Distant ones seldom show the same
scene, and all of them would take a time that grows with the square of their number."""

MAX_CONTEXT_DISTANCE = 0.8
"""Distance of wide surroundings, in standard deviations over training, below which two areas count
as similar. A larger one compares different objects, a smaller one finds fewer to compare."""

MIN_OTHER_PAIRS = 2
"""Other pairs with similar surroundings that are needed: two that differ do not show which is
wrong."""

TOLERATED_RATIO = 2.5
"""Deviation, as a multiple of the median over all areas, up to which a reference keeps its full
weight. Smaller ones are noise of references and of the comparison."""

FALLOFF_POWER = 4
"""Power of the decrease beyond: twice the deviation leaves a sixteenth of the weight."""

MIN_AGREEMENT = 0.01
"""Smallest factor on the weight, so that no pixel of a pair loses all of it."""


@dataclass(frozen=True)
class AreaMeans:
    """Means of a pair's picture over its areas, NaN where it has no weight.

    `wide` (WIDE, rows, columns) are the wide surroundings, `residual_cbcr` (2, rows, columns) that
    of the closed form. `frame` is the number of the frame.
    """

    wide: Tensor
    residual_cbcr: Tensor
    frame: int


def area_means(picture: NetworkPicture, inputs: NetworkInputs) -> AreaMeans:
    """The means of a picture with the inputs of its frame."""
    residual_cbcr = picture.truth_ycbcr[1:] - inputs.law_cbcr
    weighted = picture.weight > 0
    values = torch.cat([inputs.features[list(WIDE_FEATURES)], residual_cbcr]) * weighted
    sums = pooled(torch.cat([values, weighted.float()]))
    means = sums[:-1] / sums[-1:]
    return AreaMeans(means[:-2], means[-2:], picture.frame.number)


def pooled(planes: Tensor) -> Tensor:
    """Planes (C, h, w) averaged over areas; those at the edge have fewer pixels."""
    averages: Tensor = functional.avg_pool2d(planes[None], AREA_PX, ceil_mode=True)
    return averages[0]


def agreement(pairs: Sequence[AreaMeans]) -> list[Tensor]:
    """Agreement of the reference of each pair with other pairs, (rows, columns), 0 to 1."""
    deviations = _deviations_from_others(pairs, _spread(pairs))
    median = torch.cat(deviations).nanmedian()
    return [
        (TOLERATED_RATIO * median / deviation.clamp_min(1e-6))
        .pow(FALLOFF_POWER)
        .clamp(MIN_AGREEMENT, 1.0)
        .nan_to_num(1.0)
        .reshape(one.wide.shape[1:])
        for one, deviation in zip(pairs, deviations, strict=True)
    ]


def weighted_by_area(weight: Tensor, factors: Tensor) -> Tensor:
    """Weights (1, h, w) times the factor (rows, columns) of their area."""
    height, width = weight.shape[1:]
    plane = factors.repeat_interleave(AREA_PX, 0).repeat_interleave(AREA_PX, 1)
    return weight * plane[:height, :width]


def _spread(pairs: Sequence[AreaMeans]) -> Tensor:
    """Standard deviation (WIDE,) of the wide surroundings over the areas with weight of all pairs,
    and a little more, so that what hardly varies is not amplified."""
    count, total, squares = 0, torch.zeros(()), torch.zeros(())
    for one in pairs:
        wide = one.wide.flatten(1).double()
        known = wide[:, ~wide.isnan().any(dim=0)]
        count += known.shape[1]
        total, squares = total + known.sum(dim=1), squares + known.square().sum(dim=1)
    mean = total / max(count, 1)
    return ((squares / max(count, 1) - mean**2).clamp_min(0.0).sqrt() + 1e-3).float()


def _deviations_from_others(pairs: Sequence[AreaMeans], spread: Tensor) -> list[Tensor]:
    """Distance of each area's residual from the median over similar areas of other pairs.

    Args:
        pairs: any number.
        spread: standard deviation (WIDE,) of their wide surroundings.

    Returns:
        (A,) for each pair, NaN where fewer than `MIN_OTHER_PAIRS` others have a similar area.
    """
    scale = spread * math.sqrt(len(WIDE_FEATURES))
    residuals = [one.residual_cbcr.flatten(1).T for one in pairs]
    deviations = []
    for index, pair in enumerate(pairs):
        own = pair.wide.flatten(1).T / scale
        deviation = torch.full((len(own),), math.nan)
        others = []
        for other in _nearest_others(pairs, index):
            wide = pairs[other].wide.flatten(1).T / scale
            known = ~wide.isnan().any(dim=1)
            others.append(_residual_of_similar(own, wide[known], residuals[other][known]))
        if len(others) >= MIN_OTHER_PAIRS:
            other_cbcr = torch.stack(others)
            enough = (~other_cbcr[..., 0].isnan()).sum(dim=0) >= MIN_OTHER_PAIRS
            distance = (residuals[index] - other_cbcr.nanmedian(dim=0).values).norm(dim=1)
            deviation = distance.where(enough, torch.nan)
        deviations.append(deviation)
    return deviations


def _nearest_others(pairs: Sequence[AreaMeans], index: int) -> list[int]:
    """Indices of up to `MAX_OTHER_PAIRS` pairs nearest in frame number to one of them."""
    others = [other for other in range(len(pairs)) if other != index]
    others.sort(key=lambda other: abs(pairs[other].frame - pairs[index].frame))
    return others[:MAX_OTHER_PAIRS]


def _residual_of_similar(wide: Tensor, other_wide: Tensor, other_cbcr: Tensor) -> Tensor:
    """Residual (A, 2) of the most similar area of another pair; NaN where none is similar."""
    if not len(other_wide):
        return torch.full((len(wide), 2), math.nan)
    distance, nearest = torch.cdist(wide.nan_to_num(math.inf), other_wide).min(dim=1)
    return other_cbcr[nearest].where((distance < MAX_CONTEXT_DISTANCE)[:, None], torch.nan)
