import numpy as np

from unfade.curate.shots.cuts import find_cuts


def test_cuts_of_a_faded_grainy_film_are_found(faded_film):
    shots = find_cuts(faded_film.source).shots(1001)
    assert [shot.frames.first for shot in shots] == [1001, 1031, 1061, 1091]
    assert [shot.number for shot in shots] == [1, 2, 3, 4]
    assert shots[-1].frames.last == 1120


def test_a_still_film_is_one_shot(faded_film):
    noise = np.random.default_rng(0)
    still = faded_film.source[5].astype(np.int16) + noise.integers(-3, 4, (40, 68, 128, 3))
    shots = find_cuts(np.clip(still, 0, 255).astype(np.uint8)).shots(0)
    assert len(shots) == 1
    assert len(shots[0].frames) == 40


def test_a_single_frame_is_one_shot(faded_film):
    shots = find_cuts(faded_film.source[:1]).shots(7)
    assert [(shot.frames.first, shot.frames.last) for shot in shots] == [(7, 7)]
