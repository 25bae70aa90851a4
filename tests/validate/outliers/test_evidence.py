"""Evidence in one frame, on drawn pictures with a known fault."""

import cv2
import numpy as np
import pytest
import torch

from unfade.validate.outliers.evidence import (
    SKIN_LINE_CHROMA,
    SKIN_LINE_HUE,
    SKIN_LINE_LUMA,
    FrameEvidence,
    chroma_edges,
    compared_size,
    frame_evidence,
    plane_difference,
    source_edges,
    unsupported_edges,
)
from unfade.validate.steadiness import SmallFrame

HEIGHT, WIDTH = 200, 360


def picture() -> np.ndarray:
    """Y'CbCr (3, h, w) of coloured shapes on a ramp, with grain."""
    draw = np.random.default_rng(5)
    y = np.linspace(0.25, 0.7, WIDTH, dtype=np.float32)[None].repeat(HEIGHT, 0)
    cb, cr = np.full_like(y, 0.012), np.full_like(y, 0.032)
    for _ in range(40):
        centre = (int(draw.integers(0, WIDTH)), int(draw.integers(0, HEIGHT)))
        radius = int(draw.integers(6, 24))
        for plane, value in ((y, draw.uniform(0.2, 0.8)), (cb, draw.uniform(-0.2, 0.2))):
            cv2.circle(plane, centre, radius, float(value), -1)
        cv2.circle(cr, centre, radius, float(draw.uniform(-0.2, 0.2)), -1)
    planes = np.stack([cv2.GaussianBlur(plane, (0, 0), 1.0) for plane in (y, cb, cr)])
    planes += draw.normal(0, 0.0006, planes.shape)
    planes[0] += draw.normal(0, 0.01, y.shape)
    return planes.astype(np.float32)


def reference(planes: np.ndarray) -> np.ndarray:
    height, width = compared_size(HEIGHT, WIDTH)
    return np.stack(
        [cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA) for plane in planes[1:]]
    )


def evidence(cbcr: np.ndarray, chroma: np.ndarray | None = None) -> FrameEvidence:
    """The evidence of a frame with recovered chroma, whose scan has half of the true chroma."""
    truth = picture()
    scan = truth * np.array([1, 0.5, 0.5], np.float32)[:, None, None]
    recovered = np.concatenate([truth[:1], cbcr]).astype(np.float32)
    small = SmallFrame(1001, 1, torch.from_numpy(scan), torch.from_numpy(recovered))
    return frame_evidence(small, chroma)


def test_a_good_frame_shows_nothing() -> None:
    good = evidence(picture()[1:], reference(picture()))
    assert good.wrong < 0.3
    assert np.hypot(*good.shift) < 0.2
    assert good.plateau < 0.2


def test_a_region_of_another_colour_is_far_from_the_reference() -> None:
    cbcr = picture()[1:].copy()
    cbcr[:, 60:140, 100:200] += np.array([0.05, -0.05], np.float32)[:, None, None]
    found = evidence(cbcr, reference(picture()))
    shift = plane_difference(
        picture()[:1, 60:140, 100:200],
        picture()[1:, 60:140, 100:200],
        cbcr[:, 60:140, 100:200],
    )
    assert found.wrong == pytest.approx(float(shift.mean()), rel=0.35)
    assert found.wrong > 3


@pytest.mark.parametrize("moved", [(3, 0), (0, -2)])
def test_moved_chroma_is_measured_in_pixels(moved: tuple[int, int]) -> None:
    cbcr = np.roll(picture()[1:], moved, axis=(2, 1))
    assert evidence(cbcr).shift == pytest.approx(moved, abs=0.25)


def test_grain_and_black_show_no_shift() -> None:
    draw = np.random.default_rng(2)
    for level in (0.4, 0.0):
        scan = np.full((3, HEIGHT, WIDTH), (level,), np.float32)
        scan[1:] = 0.05 * level
        recovered = scan + draw.normal(0, 0.004, scan.shape).astype(np.float32)
        scan += draw.normal(0, 0.004, scan.shape).astype(np.float32)
        pictures = (torch.from_numpy(one) for one in (scan, recovered))
        found = frame_evidence(SmallFrame(1, 1, *pictures), None)
        assert np.isnan(found.shift).all()
        assert np.isnan(found.rim).all() == (level == 0.0)


def test_banded_chroma_lies_on_plateaus() -> None:
    cbcr = (picture()[1:] / 0.04).round() * 0.04
    assert evidence(cbcr).plateau > 0.5


def test_letters_without_an_edge_in_the_scan_lie_in_a_band() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.putText(mask, "SUBTITLE", (40, 185), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 255, 4)
    cbcr = np.where(mask > 0, -0.15, picture()[1:]).astype(np.float32)
    found = evidence(cbcr)
    assert found.unsupported > 3 * evidence(picture()[1:]).unsupported
    assert found.band > evidence(picture()[1:]).band + 0.2


def test_without_a_reference_there_is_no_figure_of_it() -> None:
    found = evidence(picture()[1:])
    assert np.isnan(found.wrong)
    assert np.isnan(found.offset).all()


def test_beyond_the_picture_of_the_reference_nothing_is_compared() -> None:
    chroma = reference(picture())
    chroma[:, :, 64:] = np.nan
    cbcr = picture()[1:].copy()
    cbcr[:, :, 260:] += 0.2
    assert evidence(cbcr, chroma).wrong < 0.3
    chroma[:, :, 6:] = np.nan
    assert np.isnan(evidence(cbcr, chroma).wrong)


def test_edges_are_those_of_the_plain_formula() -> None:
    planes, expected = picture(), 0.0
    for plane, gain in zip(planes, (1, 2, 2), strict=True):
        for across, down in ((1, 0), (0, 1)):
            expected = expected + (gain * cv2.Sobel(plane, -1, across, down, scale=1 / 8)) ** 2
    np.testing.assert_allclose(source_edges(planes), np.sqrt(expected), rtol=1e-5)


def test_unsupported_edges_are_the_mean_of_the_worst_twentieth() -> None:
    for shift in (0, 4):
        cbcr = np.roll(picture()[1:], shift, axis=2)
        scan = picture() * np.array([1, 0.5, 0.5], np.float32)[:, None, None]
        edges = unsupported_edges(
            chroma_edges(np.concatenate([scan[:1], cbcr])), source_edges(scan)
        )
        worst = np.sort(edges.ravel())[-edges.size // 20 :].mean()
        assert evidence(cbcr).unsupported == pytest.approx(100 * worst, rel=1e-5)


def test_skin_is_the_mean_over_its_angles_chroma_and_luma() -> None:
    draw = np.random.default_rng(8)
    cbcr = draw.uniform(-0.15, 0.15, (2, HEIGHT, WIDTH)).astype(np.float32)
    y, (cb, cr) = picture()[0], cbcr
    mask = np.ones_like(y, bool)
    for plane, (low, high) in (
        (np.arctan2(cr, cb), SKIN_LINE_HUE),
        (np.hypot(cb, cr), SKIN_LINE_CHROMA),
        (y, SKIN_LINE_LUMA),
    ):
        mask &= (low < plane) & (plane < high)
    skin = evidence(cbcr).skin
    assert skin is not None
    expected = [plane[mask].mean() for plane in (y, *(picture()[1:] / 2), cb, cr)]
    assert skin == pytest.approx(expected, rel=1e-5)
