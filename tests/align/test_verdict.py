"""The verdict on a pair, as align and the studio give it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from unfade.align.prepare import PreparedPair, Raster, prepare_pair
from unfade.align.transform.control_points import PointPicture, transform_by_points
from unfade.align.transform.register import Registration
from unfade.align.verdict import judge
from unfade.film.pair import Pair

from ..fixtures import flat, soft_shapes

HEIGHT, WIDTH = 144, 192
RASTER = Raster((HEIGHT, WIDTH), HEIGHT, WIDTH)
MAX_RESIDUAL_PX = 1.5
SHIFT_PX = 6.0


def prepared(reference: torch.Tensor) -> PreparedPair:
    pair = Pair(source=1, reference=1, of="dvd", shot=1)
    return prepare_pair(pair, scene(), {0: reference}, RASTER)


def scene() -> torch.Tensor:
    return soft_shapes(3, (3, 18, 24), HEIGHT, WIDTH).clamp(0.0, 1.0)


def test_a_pair_without_a_registration_is_rejected_by_its_matches() -> None:
    one = prepared(flat((0.5, 0.5, 0.5), HEIGHT, WIDTH))
    verdict = judge(MAX_RESIDUAL_PX, one, None, [], RASTER)
    assert verdict.reason == "only 0 feature matches are inliers"
    assert verdict.residual is verdict.coverage is verdict.overruled is None
    assert verdict.view.warp_map.inside.all()


def test_a_good_registration_is_admitted() -> None:
    verdict = judge(MAX_RESIDUAL_PX, prepared(scene()), Registration(np.eye(3), 50), [], RASTER)
    assert (verdict.reason, verdict.overruled) == ("", None)
    assert verdict.residual is not None
    assert verdict.residual.median == pytest.approx(0.0, abs=0.1)
    assert verdict.coverage is not None


def test_control_points_overrule_a_residual_but_not_the_coverage() -> None:
    one, picture = prepared(scene()), PointPicture.of_size(WIDTH, HEIGHT)
    corners = [(20.0, 20.0), (170.0, 24.0), (160.0, 120.0)]
    points = [(x + SHIFT_PX, y, x, y) for x, y in corners]
    transform = transform_by_points(points, picture, picture)
    searched = Registration(transform.matrix, 50)
    placed = replace(searched, points=transform)
    found, overruled = (judge(MAX_RESIDUAL_PX, one, by, [], RASTER) for by in (searched, placed))
    assert found.reason.startswith("median residual ")
    assert found.overruled is None
    assert (overruled.reason, overruled.overruled) == ("", found.reason)
    tiny = replace(placed, matrix=np.diag([0.1, 0.1, 1.0]) @ transform.matrix)
    assert "covers only" in judge(MAX_RESIDUAL_PX, one, tiny, [], RASTER).reason
