"""How far references are to be believed: whether pairs that show the like say the like.

A reference that was graded otherwise in one area, or holds something that the scan does not, is off
there all over. Other pairs tell: where the surroundings are alike, the closed form misses the same
of each. Where no other pair shows the like, memory has nothing but this one, and believes it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from unfade.model.features import WIDE
from unfade.train.data.pixels import AREA, Picture, Pixels

ALIKE = 0.8
"""Distance, in deviations over training, below which surroundings show the same thing."""

FEWEST = 2
"""Other pairs that must show the like: of two that differ, nobody knows which is right."""

USUAL = 2.5
"""Times the median difference among pairs up to which a reference is believed."""

STEEPNESS = 4
"""Power by which belief falls beyond: twice as far off counts a sixteenth."""

LEAST = 0.01
"""Belief that is left."""


def believed(pictures: Sequence[Picture], pixels: Pixels) -> list[Picture]:
    """Pictures that weigh as much as they are to be believed, by pixels of all of them."""
    belief = agreement(pixels)[:, 0]
    weighed = []
    for picture in pictures:
        here = pixels.area[:, 0] == picture.frame
        if torch.all(belief[here] == 1.0):
            weighed.append(picture)
            continue
        height, width = picture.weight.shape[1:]
        across = -(-width // AREA)
        areas = torch.ones(-(-height // AREA) * across)
        areas[pixels.area[here, 1]] = belief[here]
        plane = areas.reshape(-1, across).repeat_interleave(AREA, 0).repeat_interleave(AREA, 1)
        weighed.append(replace(picture, weight=picture.weight * plane[:height, :width]))
    return weighed


def agreement(pixels: Pixels) -> Tensor:
    """How far the reference of each pixel is to be believed, (N, 1), 0 to 1."""
    areas, member = torch.unique(pixels.area, dim=0, return_inverse=True)
    wide = pixels.features[:, list(WIDE)]
    wide = wide / (wide.std(dim=0, correction=0) + 1e-3) / math.sqrt(len(WIDE))
    missing = pixels.truth_cbcr - pixels.base_cbcr
    shown = _means(torch.cat([wide, missing], dim=1), member, len(areas))
    off = _off(shown[:, :-2], shown[:, -2:], areas[:, 0])
    usual = off.nanmedian()
    belief = (USUAL * usual / off.clamp_min(1e-6)) ** STEEPNESS
    return belief.clamp(LEAST, 1.0).nan_to_num(1.0)[member, None]


def _means(values: Tensor, member: Tensor, count: int) -> Tensor:
    """The means (count, C) of values (N, C) that are members of areas."""
    total = torch.zeros(count, values.shape[1]).index_add_(0, member, values)
    return total / torch.bincount(member, minlength=count)[:, None]


def _off(wide: Tensor, missing: Tensor, pictures: Tensor) -> Tensor:
    """How far what is missing in each area is from the median of other pictures' like areas.

    Args:
        wide: surroundings of areas (A, WIDE).
        missing: chroma that the closed form misses, (A, 2).
        pictures: which picture each is of, (A,).

    Returns:
        (A,), NaN where too few others show the like.
    """
    off = torch.full((len(wide),), math.nan)
    numbers = torch.unique(pictures).tolist()
    for own in numbers:
        said = []
        here = pictures == own
        for other in numbers:
            if other != own:
                there = pictures == other
                away, nearest = torch.cdist(wide[here], wide[there]).min(dim=1)
                alike = (away < ALIKE)[:, None]
                said.append(missing[there][nearest].where(alike, torch.nan))
        if len(said) >= FEWEST:
            others = torch.stack(said)
            enough = (~others[..., 0].isnan()).sum(dim=0) >= FEWEST
            distance = (missing[here] - others.nanmedian(dim=0).values).norm(dim=1)
            off[here] = distance.where(enough, torch.nan)
    return off
