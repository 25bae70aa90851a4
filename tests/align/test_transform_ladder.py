import numpy as np
import pytest

from unfade.align.transform.ladder import climb, kind_of, misfit
from unfade.align.transform.smooth import at_points, fit_smooth

KINDS = ("translation", "similarity", "affine", "homography")
HEIGHT, WIDTH = 540, 960
MATRICES = {
    "translation": [[1, 0, 7.5], [0, 1, -3.25], [0, 0, 1]],
    "similarity": [[0.98, -0.03, 12], [0.03, 0.98, -4], [0, 0, 1]],
    "affine": [[1.05, 0.01, 5], [-0.02, 0.93, 9], [0, 0, 1]],
    "homography": [[1.02, 0.01, 5], [0.0, 0.97, 9], [4e-5, -3e-5, 1]],
}


def _points(count, seed=0):
    return np.random.default_rng(seed).uniform((0, 0), (WIDTH, HEIGHT), (count, 2))


def _placed(matrix, points):
    flat = np.column_stack([points, np.ones(len(points))]) @ np.array(matrix, float).T
    return flat[:, :2] / flat[:, 2:]


@pytest.mark.parametrize("kind", KINDS)
def test_the_simplest_kind_that_holds_is_taken(kind):
    noise = np.random.default_rng(1)
    there = _points(300)
    here = _placed(MATRICES[kind], there) + noise.normal(0, 0.3, there.shape)
    here[:60] += noise.uniform(-40, 40, (60, 2))
    found = climb(there, here, KINDS)
    assert kind_of(found) == kind
    assert misfit(found, _points(50, 9), _placed(MATRICES[kind], _points(50, 9))).max() < 0.3


def test_few_points_take_no_rich_transform():
    there = _points(6)
    assert kind_of(climb(there, _placed(MATRICES["homography"], there), KINDS)) == "translation"


def _bend(points):
    x, y = 2 * np.pi * points[:, 0] / WIDTH, 2 * np.pi * points[:, 1] / HEIGHT
    return 4 * np.stack([np.sin(0.8 * y + 0.3), np.cos(0.7 * x)], 1)


def test_a_smooth_bend_is_found_among_outliers():
    noise = np.random.default_rng(2)
    points = _points(400)
    shifts = _bend(points) + noise.normal(0, 0.5, points.shape)
    shifts[:80] += noise.uniform(-20, 20, (80, 2))
    nodes = fit_smooth(points, shifts, HEIGHT, WIDTH)
    assert nodes is not None
    inner = _points(300, 5) * 0.9 + 0.05 * np.array([WIDTH, HEIGHT])
    off = np.linalg.norm(at_points(nodes, inner, HEIGHT, WIDTH) - _bend(inner), axis=1)
    assert np.median(off) < 0.25


def test_chance_is_no_bend():
    points = _points(400)
    shifts = np.random.default_rng(3).normal(0, 0.5, points.shape)
    assert fit_smooth(points, shifts, HEIGHT, WIDTH) is None
    assert fit_smooth(points[:30], _bend(points[:30]), HEIGHT, WIDTH) is None
