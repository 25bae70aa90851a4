import numpy as np
import pytest

from unfade.align.transform.selection import kind_of, select_transform, transfer_error
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


def _transformed(matrix, points):
    flat = np.column_stack([points, np.ones(len(points))]) @ np.array(matrix, float).T
    return flat[:, :2] / flat[:, 2:]


@pytest.mark.parametrize("kind", KINDS)
def test_the_simplest_sufficient_kind_is_selected(kind):
    noise = np.random.default_rng(1)
    from_points = _points(300)
    to_points = _transformed(MATRICES[kind], from_points) + noise.normal(0, 0.3, from_points.shape)
    to_points[:60] += noise.uniform(-40, 40, (60, 2))
    found = select_transform(from_points, to_points, KINDS)
    assert kind_of(found) == kind
    assert (
        transfer_error(found, _points(50, 9), _transformed(MATRICES[kind], _points(50, 9))).max()
        < 0.3
    )


def test_few_points_give_no_rich_transform():
    from_points = _points(6)
    assert (
        kind_of(
            select_transform(from_points, _transformed(MATRICES["homography"], from_points), KINDS)
        )
        == "translation"
    )


def _warp_at(points):
    x, y = 2 * np.pi * points[:, 0] / WIDTH, 2 * np.pi * points[:, 1] / HEIGHT
    return 4 * np.stack([np.sin(0.8 * y + 0.3), np.cos(0.7 * x)], 1)


def test_a_smooth_warp_is_found_among_outliers():
    noise = np.random.default_rng(2)
    points = _points(400)
    shifts = _warp_at(points) + noise.normal(0, 0.5, points.shape)
    shifts[:80] += noise.uniform(-20, 20, (80, 2))
    nodes = fit_smooth(points, shifts, HEIGHT, WIDTH)
    assert nodes is not None
    inner = _points(300, 5) * 0.9 + 0.05 * np.array([WIDTH, HEIGHT])
    errors = np.linalg.norm(at_points(nodes, inner, HEIGHT, WIDTH) - _warp_at(inner), axis=1)
    assert np.median(errors) < 0.25


def test_noise_gives_no_warp():
    points = _points(400)
    shifts = np.random.default_rng(3).normal(0, 0.5, points.shape)
    assert fit_smooth(points, shifts, HEIGHT, WIDTH) is None
    assert fit_smooth(points[:30], _warp_at(points[:30]), HEIGHT, WIDTH) is None
