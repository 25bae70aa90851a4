import cv2
import numpy as np
import pytest

from unfade.align.pool import Laid, lay, shared_transform
from unfade.align.register import (
    Registration,
    find_features,
    implausible,
    register,
    scaling,
    structure,
)
from unfade.align.residual import Residual, measure_residual

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
HEIGHT, WIDTH = 360, 640


@pytest.fixture(scope="module")
def ready(scenes):
    """Structure of scan and DVD, and the scene's own registration, on the scan's raster."""
    result = []
    for scene in scenes:
        ours = structure(scene.scan @ LUMA)
        scaled = cv2.resize(scene.dvd, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        theirs = structure(scaled @ LUMA)
        result.append((ours, theirs, register(find_features(ours), find_features(theirs))))
    return result


@pytest.fixture(scope="module")
def shared(ready):
    return shared_transform([own for _, _, own in ready], HEIGHT, WIDTH)


def _from_dvd(matrix, scene):
    height, width = scene.dvd.shape[:2]
    return matrix @ scaling(width, height, WIDTH, HEIGHT)


def test_features_find_the_transform(scenes, ready):
    for scene, (_, _, own) in zip(scenes, ready, strict=True):
        assert own.inliers > 100
        assert scene.corner_error(_from_dvd(own.matrix, scene)) < 1.0


def test_all_pairs_together_find_it_better(scenes, ready, shared):
    for scene, (ours, theirs, own) in zip(scenes, ready, strict=True):
        laid = lay(ours, theirs, own, shared)
        assert scene.corner_error(_from_dvd(laid.registration.matrix, scene)) < 0.3
        assert laid.residual.median < 0.5
        assert laid.fault(1.5, HEIGHT, WIDTH) is None


def test_a_pair_without_features_of_its_own_is_laid(scenes, ready, shared):
    ours, theirs, _ = ready[2]
    laid = lay(ours, theirs, None, shared)
    assert scenes[2].corner_error(_from_dvd(laid.registration.matrix, scenes[2])) < 0.3


def test_without_any_features_there_is_nothing():
    grey = np.full((HEIGHT, WIDTH), 128, np.uint8)
    assert register(find_features(grey), find_features(grey)) is None
    assert shared_transform([], HEIGHT, WIDTH) is None
    assert lay(grey, grey, None, None) is None


def test_a_pair_of_different_pictures_is_turned_down(ready, shared):
    ours, theirs = ready[0][0], ready[2][1]
    own = register(find_features(ours), find_features(theirs))
    laid = lay(ours, theirs, own, shared)
    assert "of the textured blocks are found again" in laid.fault(1.5, HEIGHT, WIDTH)


def test_an_affine_transform_is_preferred_where_it_holds(ready):
    ours = ready[0][0]
    matrix = np.array([[0.97, 0.01, 9.0], [-0.02, 0.95, 12.0]])
    moved = cv2.warpAffine(ours, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    own = register(find_features(moved), find_features(ours))
    assert own.kind == "affine"
    assert own.matrix[:2] == pytest.approx(matrix, abs=0.2)


def test_residual_of_a_known_shift(ready):
    ours = ready[0][0]
    matrix = np.array([[1.0, 0.0, 2.4], [0.0, 1.0, -1.8]])
    moved = cv2.warpAffine(ours, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[8:-8, 8:-8] = True
    residual = measure_residual(ours, moved, inside)
    assert residual.median == pytest.approx(3.0, abs=0.1)
    assert residual.found > 0.95
    assert measure_residual(ours, ours, inside).p95 == pytest.approx(0.0, abs=0.02)


def test_residual_of_flat_pictures_is_as_far_as_can_be_seen():
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    residual = measure_residual(flat, flat, np.ones((HEIGHT, WIDTH), bool))
    assert residual == Residual(32.0, 32.0, 0.0, 0)


@pytest.mark.parametrize(
    ("residual", "reason"),
    [
        (Residual(3.21, 6.0, 0.9, 200), "median residual 3.2 px is above 1.5 px"),
        (Residual(0.3, 1.0, 0.1, 200), "only 10% of the textured blocks are found again"),
        (Residual(0.3, 1.0, 0.9, 3), "only 3 blocks have texture to measure by"),
        (Residual(0.3, 1.0, 0.9, 200), None),
    ],
)
def test_why_a_pair_is_turned_down(residual, reason):
    laid = Laid(Registration(np.eye(3), "affine", 300), residual)
    assert laid.fault(1.5, HEIGHT, WIDTH) == reason


@pytest.mark.parametrize(
    ("matrix", "word"),
    [
        (np.diag([-1.0, 1.0, 1.0]), "mirrors"),
        (np.diag([1.2, 0.8, 1.0]), "stretches by 1.50"),
        (np.diag([0.3, 0.3, 1.0]), "scales"),
        (np.array([[0.9, -0.3, 0], [0.3, 0.9, 0], [0, 0, 1.0]]), "turns by 18"),
    ],
)
def test_transforms_that_frame_nothing(matrix, word):
    assert word in implausible(matrix, HEIGHT, WIDTH)


def test_a_usual_framing_is_plausible():
    matrix = np.array([[0.9, 0.01, 20.0], [-0.01, 0.93, 10.0], [1e-6, 0, 1.0]])
    assert implausible(matrix, HEIGHT, WIDTH) is None


def test_scaling_keeps_the_outline():
    matrix = scaling(720, 576, 960, 540)
    corners = np.array([[[-0.5, -0.5], [719.5, 575.5]]])
    assert cv2.perspectiveTransform(corners, matrix)[0] == pytest.approx(
        np.array([[-0.5, -0.5], [959.5, 539.5]])
    )
