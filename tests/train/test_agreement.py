"""Agreement of references: a contradicted one loses weight where pairs show similar areas."""

from dataclasses import replace

import pytest
import torch

from unfade.model.chroma_model import NetworkInputs
from unfade.model.features import FEATURE_COUNT, WIDE_FEATURES
from unfade.train.data import agreement as agreement_module
from unfade.train.data.agreement import (
    AREA_PX,
    MAX_OTHER_PAIRS,
    MIN_AGREEMENT,
    AreaMeans,
    agreement,
    area_means,
    weighted_by_area,
)
from unfade.train.data.pixels import NetworkFrame, NetworkPicture

ROWS, COLUMNS = 5, 6
CONTRADICTED = (0, 0)
"""Row and column of the area with another grading."""


def pair(number: int, *, altered: bool = False, offset: float = 0.0) -> AreaMeans:
    """A pair of the same areas as every other, whose wide surroundings differ by `offset`; an
    altered one has another grading in one area."""
    shared = torch.Generator().manual_seed(0)
    wide = torch.randn(len(WIDE_FEATURES), ROWS, COLUMNS, generator=shared) + offset
    own = torch.Generator().manual_seed(number)
    residual_cbcr = 0.0005 * torch.randn(2, ROWS, COLUMNS, generator=own)
    if altered:
        residual_cbcr[:, *CONTRADICTED] += 0.05
    return AreaMeans(wide, residual_cbcr, number)


def pairs(count: int, offset: float = 0.0) -> list[AreaMeans]:
    """Pairs whose wide surroundings differ by `offset` from one to the next; the first is
    altered."""
    return [pair(n, altered=n == 0, offset=n * offset) for n in range(count)]


def test_a_contradicted_area_has_low_agreement() -> None:
    first, *others = agreement(pairs(4))
    assert float(first[CONTRADICTED]) < 10 * MIN_AGREEMENT
    rest = torch.ones(ROWS, COLUMNS, dtype=torch.bool)
    rest[CONTRADICTED] = False
    assert float(torch.cat([first[rest], *(one.flatten() for one in others)]).mean()) > 0.9


def test_pictures_lose_weight_where_they_are_contradicted() -> None:
    """The picture ends within its last row and column of areas."""
    weight = torch.full((1, ROWS * AREA_PX - 5, COLUMNS * AREA_PX - 3), 0.5)
    first, *others = (weighted_by_area(weight, one) for one in agreement(pairs(4)))
    assert first.shape == weight.shape
    assert float(first[:, :AREA_PX, :AREA_PX].max()) < 5 * MIN_AGREEMENT
    assert float(first[:, :AREA_PX, AREA_PX:].mean()) > 0.45
    assert all(float(one.mean()) > 0.45 for one in others)


def test_two_pictures_that_differ_keep_their_weight() -> None:
    """Neither is known to be wrong."""
    for factors in agreement(pairs(2)):
        assert torch.all(factors == 1.0)
    assert torch.all(agreement(pairs(1))[0] == 1.0)


def test_areas_without_similar_ones_in_other_pictures_keep_their_weight() -> None:
    assert all(torch.all(one == 1.0) for one in agreement(pairs(4, offset=10.0)))


def test_areas_without_weight_are_not_compared() -> None:
    """Two of the three pairs that contradict the first have no weight there."""
    unknown = []
    for one in pairs(4):
        wide, residual_cbcr = one.wide.clone(), one.residual_cbcr.clone()
        if one.frame in (1, 2):
            wide[:, *CONTRADICTED] = torch.nan
            residual_cbcr[:, *CONTRADICTED] = torch.nan
        unknown.append(AreaMeans(wide, residual_cbcr, one.frame))
    factors = agreement(unknown)
    assert float(factors[0][CONTRADICTED]) == 1.0
    assert float(factors[1][CONTRADICTED]) == 1.0


def test_only_the_nearest_pairs_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pairs that contradict the first lie beyond others that show something else."""
    near = [pair(number, offset=20.0) for number in range(1, MAX_OTHER_PAIRS + 1)]
    far = [pair(number) for number in range(101, 105)]
    film = [*far, pair(0, altered=True), *near]
    assert torch.all(agreement(film)[len(far)] == 1.0)
    in_reach = [*far, pair(0, altered=True), *near[:-2]]
    assert float(agreement(in_reach)[len(far)][CONTRADICTED]) < 10 * MIN_AGREEMENT
    monkeypatch.setattr(agreement_module, "MAX_OTHER_PAIRS", len(film))
    assert float(agreement(film)[len(far)][CONTRADICTED]) < 10 * MIN_AGREEMENT


def test_means_are_over_the_pixels_with_weight() -> None:
    """Areas at the edge are means of the pixels that they have."""
    generator = torch.Generator().manual_seed(0)
    height, width = AREA_PX + 7, 2 * AREA_PX + 3
    features = torch.randn(FEATURE_COUNT, height, width, generator=generator)
    truth_ycbcr = torch.rand(3, height, width, generator=generator)
    law_cbcr = torch.rand(2, height, width, generator=generator)
    weight = torch.rand(1, height, width, generator=generator)
    weight[:, :4] = 0
    weight[:, AREA_PX:, :AREA_PX] = 0
    grey = torch.zeros(3, height, width)
    frame = NetworkFrame(grey, grey, 7, 1)
    inputs = NetworkInputs(grey[:1], features, law_cbcr, grey[:1])
    picture = NetworkPicture(frame, truth_ycbcr, weight, "train", 7)
    means = area_means(picture, inputs)
    assert means.frame == 7
    assert means.wide.shape == (len(WIDE_FEATURES), 2, 3)
    assert bool(means.wide[:, 1, 0].isnan().all())
    assert bool(means.residual_cbcr[:, 1, 0].isnan().all())
    residual_cbcr = truth_ycbcr[1:] - law_cbcr
    for row, column in ((0, 0), (0, 2), (1, 1), (1, 2)):
        top, left = row * AREA_PX, column * AREA_PX
        area = (slice(None), slice(max(top, 4), top + AREA_PX), slice(left, left + AREA_PX))
        wide = features[list(WIDE_FEATURES)][area].mean(dim=(1, 2))
        torch.testing.assert_close(means.wide[:, row, column], wide)
        expected = residual_cbcr[area].mean(dim=(1, 2))
        torch.testing.assert_close(means.residual_cbcr[:, row, column], expected)
    doubled = area_means(replace(picture, weight=weight * 0.5), inputs)
    torch.testing.assert_close(doubled.wide, means.wide, equal_nan=True)
