"""Remarks on references that teach little, and none on good ones."""

import numpy as np
import pytest

from unfade.curate.matching.frames import FrameMatches
from unfade.curate.matching.signature import Framing
from unfade.curate.remarks import reference_remarks, scan_remarks

from .conftest import WINDOW, FadedFilm, dvd

LEFT, TOP, RIGHT, BOTTOM = WINDOW
DVD_FRAMING = Framing(
    1 / (RIGHT - LEFT), 1 / (BOTTOM - TOP), -LEFT / (RIGHT - LEFT), -TOP / (BOTTOM - TOP)
)


def dvd_of(proxy: np.ndarray) -> np.ndarray:
    """A DVD of pictures: other framing and grading, compressed."""
    return np.stack([dvd(frame) for frame in proxy])


def remarks(scan: np.ndarray, reference: np.ndarray) -> list[str]:
    count = len(scan)
    matches = FrameMatches.unmatched(count, mirrored=False)
    matches.reference[:] = np.arange(count)
    return reference_remarks("reference", scan, reference, matches, DVD_FRAMING)


@pytest.fixture(scope="module")
def clean(faded_film: FadedFilm) -> np.ndarray:
    return faded_film.clean[::6]


@pytest.fixture(scope="module")
def faded(faded_film: FadedFilm) -> np.ndarray:
    return faded_film.source[::6]


def test_no_remark_on_a_good_reference(clean: np.ndarray, faded: np.ndarray) -> None:
    assert remarks(faded, dvd_of(clean)) == []
    assert scan_remarks(faded) == []


def test_no_remark_on_a_mild_fade(clean: np.ndarray) -> None:
    density = -np.log10(np.maximum(clean / 255, 1 / 255))
    mild = (255 * 10 ** -(density * np.array([0.7, 0.98, 0.92]))).round().astype(np.uint8)
    assert remarks(mild, dvd_of(clean)) == []


def test_a_reference_as_faded_as_the_scan_is_reported(faded: np.ndarray) -> None:
    (remark,) = remarks(faded, dvd_of(faded))
    assert remark.startswith("The reference looks as faded as the scan")
    other_balance = (dvd_of(faded) * np.array([0.7, 1.0, 0.9])).astype(np.uint8)
    assert remarks(faded, other_balance) == [remark]


def test_a_scan_that_has_not_faded_is_reported(clean: np.ndarray) -> None:
    ungraded = np.stack([dvd(frame) for frame in clean]).astype(float)
    ungraded = 255 * ((ungraded - 5).clip(0) / 243) ** (1 / np.array([0.9, 1.0, 1.1]))
    (remark,) = remarks(clean, ungraded.round().astype(np.uint8))
    assert "either the scan has not faded" in remark


def test_a_reference_of_hardly_any_colour_is_reported_without_matches(
    faded: np.ndarray, clean: np.ndarray
) -> None:
    grey = clean.mean(axis=-1, keepdims=True)
    pale = (grey + 0.04 * (clean - grey)).round().astype(np.uint8)
    matches = FrameMatches.unmatched(len(faded), mirrored=False)
    (remark,) = reference_remarks("reference", faded, pale, matches, DVD_FRAMING)
    assert "has hardly any colour" in remark


def test_a_scan_without_a_trace_of_colour_is_reported(clean: np.ndarray) -> None:
    grey = np.repeat(clean.mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8)
    (remark,) = scan_remarks(grey)
    assert remark.startswith("The scan is black and white")
