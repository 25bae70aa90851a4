"""Agreement of references: whether pairs that show similar surroundings have similar chroma.

A reference that was graded differently in one area, or shows something that the scan does not, is
wrong there over the whole area. Other pairs reveal it: where surroundings are similar, the residual
of the closed form should be similar too. A reference without similar surroundings in other pairs
keeps its full weight, because nothing contradicts it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from unfade.model.features import WIDE_FEATURES
from unfade.train.data.pixels import AREA_PX, Pixels, TrainingPicture

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


def weighted_by_agreement(
    pictures: Sequence[TrainingPicture], pixels: Pixels
) -> list[TrainingPicture]:
    """Pictures whose weights are multiplied by their agreement.

    Args:
        pictures: those of the pairs.
        pixels: samples of all of them.
    """
    factors = agreement(pixels)[:, 0]
    weighted = []
    for picture in pictures:
        here = pixels.area[:, 0] == picture.frame
        if torch.all(factors[here] == 1.0):
            weighted.append(picture)
            continue
        height, width = picture.weight.shape[1:]
        columns = -(-width // AREA_PX)
        areas = torch.ones(-(-height // AREA_PX) * columns)
        areas[pixels.area[here, 1]] = factors[here]
        plane = areas.reshape(-1, columns)
        plane = plane.repeat_interleave(AREA_PX, 0).repeat_interleave(AREA_PX, 1)
        weighted.append(replace(picture, weight=picture.weight * plane[:height, :width]))
    return weighted


def agreement(pixels: Pixels) -> Tensor:
    """Agreement of the reference of each pixel with other pairs, (N, 1), 0 to 1."""
    areas, area_index = torch.unique(pixels.area, dim=0, return_inverse=True)
    wide = pixels.features[:, list(WIDE_FEATURES)]
    wide = wide / (wide.std(dim=0, correction=0) + 1e-3) / math.sqrt(len(WIDE_FEATURES))
    residual_cbcr = pixels.truth_cbcr - pixels.base_cbcr
    means = _means(torch.cat([wide, residual_cbcr], dim=1), area_index, len(areas))
    deviation = _deviation_from_others(means[:, :-2], means[:, -2:], areas[:, 0])
    median = deviation.nanmedian()
    factors = (TOLERATED_RATIO * median / deviation.clamp_min(1e-6)) ** FALLOFF_POWER
    return factors.clamp(MIN_AGREEMENT, 1.0).nan_to_num(1.0)[area_index, None]


def _means(values: Tensor, area_index: Tensor, count: int) -> Tensor:
    """Means (count, C) over areas of values (N, C) with the index of their area (N,)."""
    total = torch.zeros(count, values.shape[1]).index_add_(0, area_index, values)
    return total / torch.bincount(area_index, minlength=count)[:, None]


def _deviation_from_others(wide: Tensor, residual_cbcr: Tensor, frames: Tensor) -> Tensor:
    """Distance of each area's residual from the median over similar areas of other pictures.

    Args:
        wide: wide surroundings of areas (A, WIDE).
        residual_cbcr: residual chroma of the closed form, (A, 2).
        frames: frame number of the picture of each area, (A,).

    Returns:
        (A,), NaN where fewer than `MIN_OTHER_PAIRS` pictures have a similar area.
    """
    deviation = torch.full((len(wide),), math.nan)
    numbers = torch.unique(frames).tolist()
    for own in numbers:
        others = []
        here = frames == own
        for other in numbers:
            if other != own:
                there = frames == other
                distance, nearest = torch.cdist(wide[here], wide[there]).min(dim=1)
                similar = (distance < MAX_CONTEXT_DISTANCE)[:, None]
                others.append(residual_cbcr[there][nearest].where(similar, torch.nan))
        if len(others) >= MIN_OTHER_PAIRS:
            other_cbcr = torch.stack(others)
            enough = (~other_cbcr[..., 0].isnan()).sum(dim=0) >= MIN_OTHER_PAIRS
            distance = (residual_cbcr[here] - other_cbcr.nanmedian(dim=0).values).norm(dim=1)
            deviation[here] = distance.where(enough, torch.nan)
    return deviation
