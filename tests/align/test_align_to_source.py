import cv2
import numpy as np
import pytest

from unfade.align.measure.residual import Residual, edge_residual, measure_residual
from unfade.align.transform.register import (
    Registration,
    WarpMap,
    equalised_luma,
    find_features,
    implausible,
    match,
    register,
    scaling,
)
from unfade.align.transform.shared_framing import (
    AlignmentCandidate,
    LumaPair,
    align_pair,
    residual_of,
    shared_framing,
)

from ..fixtures import LUMA

HEIGHT, WIDTH = 360, 640


@pytest.fixture(scope="module")
def luma_pairs(scenes):
    """Equalised lumas of scan and DVD on the scan's raster."""
    result = []
    for scene in scenes:
        source = equalised_luma(scene.scan @ LUMA)
        scaled = cv2.resize(scene.dvd, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        reference = equalised_luma(scaled @ LUMA)
        result.append(LumaPair(source, reference))
    return result


@pytest.fixture(scope="module")
def shared(luma_pairs):
    return shared_framing(luma_pairs)


def _from_dvd(matrix, scene):
    height, width = scene.dvd.shape[:2]
    return matrix @ scaling(width, height, WIDTH, HEIGHT)


def _errors(scene, registration):
    """Error of a registration in pixels of the scan, for each pixel that the DVD covers."""
    warp_map = WarpMap(registration, HEIGHT, WIDTH)
    inverse = np.linalg.inv(_from_dvd(np.eye(3), scene))
    in_dvd = cv2.perspectiveTransform(_positions(warp_map).reshape(1, -1, 2), inverse)
    in_scan = cv2.perspectiveTransform(in_dvd.astype(np.float64), scene.dvd_to_scan)[0]
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.linalg.norm(in_scan - np.stack([x.ravel(), y.ravel()], axis=1), axis=1)
    return distance[warp_map.covered().ravel()]


def test_features_find_the_transform(scenes, luma_pairs):
    for scene, pair in zip(scenes, luma_pairs, strict=True):
        assert pair.own.inliers > 100
        assert scene.corner_error(_from_dvd(pair.own.matrix, scene)) < 3.0


def test_all_pairs_together_find_the_transform_more_precisely(scenes, luma_pairs, shared):
    for scene, pair in zip(scenes, luma_pairs, strict=True):
        registration = align_pair(pair, shared)
        errors = _errors(scene, registration)
        assert np.median(errors) < 0.15
        assert np.percentile(errors, 99) < 0.5
        residual = residual_of(pair, registration)
        assert residual.median < 0.5
        assert (
            AlignmentCandidate(registration, residual).rejection_reason(1.5, HEIGHT, WIDTH) is None
        )


def test_no_features_are_detected_if_the_shared_framing_fits(scenes, luma_pairs, shared):
    pair = LumaPair(luma_pairs[2].source, luma_pairs[2].reference)
    registration = align_pair(pair, shared)
    assert "own" not in vars(pair)
    assert np.percentile(_errors(scenes[2], registration), 99) < 0.5


def test_without_features_there_is_no_registration():
    grey = np.full((HEIGHT, WIDTH), 128, np.uint8)
    assert LumaPair(grey, grey).own is None
    assert shared_framing([]) is None
    assert shared_framing([LumaPair(grey, grey)]) is None
    assert align_pair(LumaPair(grey, grey), None) is None


def test_a_pair_of_different_pictures_is_rejected(luma_pairs, shared):
    pair = LumaPair(luma_pairs[0].source, luma_pairs[2].reference)
    registration = align_pair(pair, shared)
    rejection_reason = AlignmentCandidate(
        registration, residual_of(pair, registration)
    ).rejection_reason(1.5, HEIGHT, WIDTH)
    assert "of the textured blocks match the reference" in rejection_reason


def test_an_affine_transform_is_preferred_if_it_suffices(luma_pairs):
    source = luma_pairs[0].source
    matrix = np.array([[0.97, 0.01, 9.0], [-0.02, 0.95, 12.0]])
    moved = cv2.warpAffine(source, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    own = register(match(find_features(moved), find_features(source)))
    assert own.kind == "affine"
    assert own.matrix[:2] == pytest.approx(matrix, abs=0.2)


def test_residual_of_a_known_shift(luma_pairs):
    source = luma_pairs[0].source
    matrix = np.array([[1.0, 0.0, 2.4], [0.0, 1.0, -1.8]])
    moved = cv2.warpAffine(source, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[8:-8, 8:-8] = True
    residual = measure_residual(source, moved, inside, inside)
    assert residual.moving == residual.median
    assert residual.median == pytest.approx(3.0, abs=0.1)
    assert residual.matched_share > 0.95
    assert measure_residual(source, source, inside).p95 == pytest.approx(0.0, abs=0.02)


def test_residual_across_edges():
    stripes = 128 + 60 * np.sin(np.arange(WIDTH, dtype=np.float32) / 7)[None].repeat(HEIGHT, 0)
    inside = np.ones((HEIGHT, WIDTH), bool)
    for shift in (0.0, 0.5, 1.0):
        matrix = np.array([[1.0, 0.0, shift], [0.0, 1.0, 5.0]])
        size = (WIDTH, HEIGHT)
        moved = cv2.warpAffine(stripes, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        assert edge_residual(stripes, moved, inside) == pytest.approx(shift, abs=0.1)


def test_a_smooth_warp_is_found_and_confirmed(luma_pairs):
    """The reference is distorted by up to 4 pixels."""
    nodes = 4 * np.random.default_rng(3).uniform(-1, 1, (2, 6, 8))
    nodes = np.stack([cv2.GaussianBlur(one, (0, 0), 1.5) for one in nodes])
    nodes *= 4 / np.abs(nodes).max()
    warp_map = WarpMap(Registration(np.eye(3), 0, nodes), HEIGHT, WIDTH)
    warped_pairs = [LumaPair(warp_map.warp(one.reference), one.reference) for one in luma_pairs]
    shared = shared_framing(warped_pairs)
    assert shared.smooth is not None
    truth = _positions(warp_map)
    found = _positions(WarpMap(align_pair(warped_pairs[0], shared), HEIGHT, WIDTH))
    errors = np.linalg.norm(found - truth, axis=2)[8:-8, 8:-8]
    assert np.median(errors) < 0.2
    assert np.percentile(errors, 95) < 0.8


def _positions(warp_map):
    """Position of each pixel in the reference, found by warping a ramp: (H, W, 2)."""
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    return np.stack(
        [warp_map.warp(x, cv2.BORDER_REPLICATE), warp_map.warp(y, cv2.BORDER_REPLICATE)], 2
    )


def test_the_residual_of_flat_pictures_is_half_a_block():
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    residual = measure_residual(flat, flat, np.ones((HEIGHT, WIDTH), bool))
    assert residual == Residual(32.0, 32.0, 0.0, 0)
    assert edge_residual(flat, flat, np.ones((HEIGHT, WIDTH), bool)) is None


@pytest.mark.parametrize(
    ("residual", "reason"),
    [
        (Residual(3.21, 6.0, 0.9, 200), "median residual 3.2 px is above 1.5 px"),
        (
            Residual(0.3, 1.0, 0.1, 200),
            "only 10% of the textured blocks match the reference",
        ),
        (Residual(0.3, 1.0, 0.9, 3), "only 3 blocks have enough texture to measure"),
        (Residual(0.3, 1.0, 0.9, 200), None),
    ],
)
def test_why_a_pair_is_rejected(residual, reason):
    candidate = AlignmentCandidate(Registration(np.eye(3), 300), residual)
    assert candidate.rejection_reason(1.5, HEIGHT, WIDTH) == reason


@pytest.mark.parametrize(
    ("matrix", "word"),
    [
        (np.diag([-1.0, 1.0, 1.0]), "mirrors"),
        (np.diag([1.2, 0.8, 1.0]), "stretches by 1.50"),
        (np.diag([0.3, 0.3, 1.0]), "scales"),
        (np.array([[0.9, -0.3, 0], [0.3, 0.9, 0], [0, 0, 1.0]]), "rotates by 18"),
    ],
)
def test_implausible_transforms_are_named(matrix, word):
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
