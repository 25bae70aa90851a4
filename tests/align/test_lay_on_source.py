import cv2
import numpy as np
import pytest

from unfade.align.measure.residual import Residual, edge_residual, measure_residual
from unfade.align.transform.register import (
    Place,
    Registration,
    find_features,
    implausible,
    match,
    register,
    scaling,
    structure,
)
from unfade.align.transform.shared_framing import Laid, Structures, lay, measure, shared_framing

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
HEIGHT, WIDTH = 360, 640


@pytest.fixture(scope="module")
def ready(scenes):
    """Structure of scan and DVD on the scan's raster, and what the scene's features say."""
    result = []
    for scene in scenes:
        ours = structure(scene.scan @ LUMA)
        scaled = cv2.resize(scene.dvd, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        theirs = structure(scaled @ LUMA)
        result.append(Structures(ours, theirs))
    return result


@pytest.fixture(scope="module")
def shared(ready):
    return shared_framing(ready)


def _from_dvd(matrix, scene):
    height, width = scene.dvd.shape[:2]
    return matrix @ scaling(width, height, WIDTH, HEIGHT)


def _off(scene, registration):
    """Pixels of the scan that each pixel of it is off under a registration, where the DVD shows."""
    place = Place(registration, HEIGHT, WIDTH)
    inverse = np.linalg.inv(_from_dvd(np.eye(3), scene))
    found = cv2.perspectiveTransform(_where(place).reshape(1, -1, 2), inverse)
    laid = cv2.perspectiveTransform(found.astype(np.float64), scene.dvd_to_scan)[0]
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.linalg.norm(laid - np.stack([x.ravel(), y.ravel()], axis=1), axis=1)
    return distance[place.covered().ravel()]


def test_features_find_the_transform(scenes, ready):
    for scene, pair in zip(scenes, ready, strict=True):
        assert pair.own.inliers > 100
        assert scene.corner_error(_from_dvd(pair.own.matrix, scene)) < 3.0


def test_all_pairs_together_find_it_better(scenes, ready, shared):
    for scene, pair in zip(scenes, ready, strict=True):
        laid = lay(pair, shared)
        off = _off(scene, laid)
        assert np.median(off) < 0.15
        assert np.percentile(off, 99) < 0.5
        residual = measure(pair, laid)
        assert residual.median < 0.5
        assert Laid(laid, residual).fault(1.5, HEIGHT, WIDTH) is None


def test_a_pair_that_the_shared_framing_fits_is_laid_by_it_alone(scenes, ready, shared):
    pair = Structures(ready[2].source, ready[2].reference)
    laid = lay(pair, shared)
    assert "own" not in vars(pair)
    assert np.percentile(_off(scenes[2], laid), 99) < 0.5


def test_without_any_features_there_is_nothing():
    grey = np.full((HEIGHT, WIDTH), 128, np.uint8)
    assert Structures(grey, grey).own is None
    assert shared_framing([]) is None
    assert shared_framing([Structures(grey, grey)]) is None
    assert lay(Structures(grey, grey), None) is None


def test_a_pair_of_different_pictures_is_turned_down(ready, shared):
    pair = Structures(ready[0].source, ready[2].reference)
    laid = lay(pair, shared)
    fault = Laid(laid, measure(pair, laid)).fault(1.5, HEIGHT, WIDTH)
    assert "of the textured blocks are found again" in fault


def test_an_affine_transform_is_preferred_where_it_holds(ready):
    ours = ready[0].source
    matrix = np.array([[0.97, 0.01, 9.0], [-0.02, 0.95, 12.0]])
    moved = cv2.warpAffine(ours, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    own = register(match(find_features(moved), find_features(ours)))
    assert own.kind == "affine"
    assert own.matrix[:2] == pytest.approx(matrix, abs=0.2)


def test_residual_of_a_known_shift(ready):
    ours = ready[0].source
    matrix = np.array([[1.0, 0.0, 2.4], [0.0, 1.0, -1.8]])
    moved = cv2.warpAffine(ours, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[8:-8, 8:-8] = True
    residual = measure_residual(ours, moved, inside, inside)
    assert residual.moving == residual.median
    assert residual.median == pytest.approx(3.0, abs=0.1)
    assert residual.found > 0.95
    assert measure_residual(ours, ours, inside).p95 == pytest.approx(0.0, abs=0.02)


def test_residual_across_edges():
    stripes = 128 + 60 * np.sin(np.arange(WIDTH, dtype=np.float32) / 7)[None].repeat(HEIGHT, 0)
    inside = np.ones((HEIGHT, WIDTH), bool)
    for shift in (0.0, 0.5, 1.0):
        matrix = np.array([[1.0, 0.0, shift], [0.0, 1.0, 5.0]])
        size = (WIDTH, HEIGHT)
        moved = cv2.warpAffine(stripes, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        assert edge_residual(stripes, moved, inside) == pytest.approx(shift, abs=0.1)


def test_a_smooth_warp_is_found_and_confirmed(ready):
    """The reference's telecine bent the picture by up to 4 pixels."""
    nodes = 4 * np.random.default_rng(3).uniform(-1, 1, (2, 6, 8))
    nodes = np.stack([cv2.GaussianBlur(one, (0, 0), 1.5) for one in nodes])
    nodes *= 4 / np.abs(nodes).max()
    place = Place(Registration(np.eye(3), 0, nodes), HEIGHT, WIDTH)
    bent = [Structures(place.lay(one.reference), one.reference) for one in ready]
    shared = shared_framing(bent)
    assert shared.smooth is not None
    truth = _where(place)
    found = _where(Place(lay(bent[0], shared), HEIGHT, WIDTH))
    off = np.linalg.norm(found - truth, axis=2)[8:-8, 8:-8]
    assert np.median(off) < 0.2
    assert np.percentile(off, 95) < 0.8


def _where(place):
    """Where each pixel comes from, found by laying a ramp: (H, W, 2)."""
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    return np.stack([place.lay(x, cv2.BORDER_REPLICATE), place.lay(y, cv2.BORDER_REPLICATE)], 2)


def test_residual_of_flat_pictures_is_as_far_as_can_be_seen():
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    residual = measure_residual(flat, flat, np.ones((HEIGHT, WIDTH), bool))
    assert residual == Residual(32.0, 32.0, 0.0, 0)
    assert edge_residual(flat, flat, np.ones((HEIGHT, WIDTH), bool)) is None


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
    laid = Laid(Registration(np.eye(3), 300), residual)
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
