import numpy as np
import pytest

from unfade.curate.matching.frames import MIN_SIMILARITY, match_frames
from unfade.curate.matching.framing import find_framing
from unfade.curate.matching.signature import Framing, shared_views, signatures
from unfade.curate.shots.cuts import find_cuts


@pytest.fixture(scope="module")
def shots(faded_film):
    return find_cuts(faded_film.source).shots(0)


@pytest.fixture(scope="module")
def framing(faded_film, shots):
    return find_framing(faded_film.source, faded_film.reference, shots, 0)


def _match(source, reference, shots, framing):
    return match_frames(
        source, reference, np.arange(len(reference)), np.ones(len(reference)), shots, 0, framing
    )


def test_the_framing_is_found(framing):
    left, top, right, bottom = 0.05, 0.03, 0.98, 0.92
    assert framing.scale_x == pytest.approx(1 / (right - left), abs=0.015)
    assert framing.scale_y == pytest.approx(1 / (bottom - top), abs=0.015)
    assert framing.shift_x == pytest.approx(-left / (right - left), abs=0.01)
    assert framing.shift_y == pytest.approx(-top / (bottom - top), abs=0.01)


def test_every_instant_is_matched(faded_film, shots, framing):
    matches = _match(faded_film.source, faded_film.reference, shots, framing)
    matched = matches.reference >= 0
    assert matched.mean() > 0.95
    assert (matches.reference[matched] == faded_film.truth[matched]).all()
    assert matches.certain.mean() > 0.85
    assert matches.similarity[matched].min() > 0.9
    assert matches.similarity.max() <= 1.0


def test_frames_that_the_reference_lacks_have_no_match(faded_film, shots, framing):
    kept = np.r_[0:52, 82 : len(faded_film.reference)]
    matches = _match(faded_film.source, faded_film.reference[kept], shots, framing)
    lacking = ~np.isin(faded_film.truth, kept)
    assert lacking.sum() == 30
    assert not matches.certain[lacking].any()
    certain = matches.certain & ~lacking
    assert certain[~lacking].mean() > 0.8
    assert (kept[matches.reference[certain]] == faded_film.truth[certain]).all()


def test_dropped_frames_do_not_shift_the_others(faded_film, shots, framing):
    kept = np.array([i for i in range(len(faded_film.reference)) if i % 25 != 20])
    matches = _match(faded_film.source, faded_film.reference[kept], shots, framing)
    certain = matches.certain
    assert certain.mean() > 0.75
    assert (kept[matches.reference[certain]] == faded_film.truth[certain]).all()


def test_instants_between_two_frames_are_uncertain(faded_film, shots, framing):
    halfway = faded_film.reference.astype(np.int16)
    halfway[:-1] = (halfway[:-1] + halfway[1:]) // 2
    matches = _match(faded_film.source, halfway.astype(np.uint8), shots, framing)
    moving = slice(30, 60)
    assert matches.certain[moving].mean() < 0.3
    lags = np.abs(matches.lag[moving][matches.reference[moving] >= 0])
    assert np.median(lags) == pytest.approx(0.5, abs=0.25)


def test_another_film_matches_nowhere(faded_film):
    source, other = faded_film.source[30:], faded_film.reference[:42]
    shots = find_cuts(source).shots(0)
    framing = find_framing(source, other, shots, 0)
    matches = _match(source, other, shots, framing)
    assert (matches.reference < 0).all()
    assert matches.similarity.max() < MIN_SIMILARITY


def test_shared_views_show_the_same_part():
    source_view, reference_view = shared_views(Framing(1.25, 0.8, -0.05, 0.1))
    corners = np.array([[0, 1], [0, 1], [1, 1]])
    assert (reference_view.matrix @ corners)[:2].T.ravel() == pytest.approx((0, 0.1, 1, 0.9))
    assert (source_view.matrix @ corners)[:2].T.ravel() == pytest.approx((0.04, 0, 0.84, 1))


def test_signatures_ignore_light_and_are_zero_for_black(faded_film):
    source_view, _ = shared_views(Framing())
    frame = faded_film.clean[10]
    darker = (frame * 0.6 + 20).astype(np.uint8)
    stack = np.stack([frame, darker, np.zeros_like(frame)])
    one, two, black = signatures(stack, source_view, 64, 48)
    assert one @ two > 0.98
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)
    assert not black.any()
