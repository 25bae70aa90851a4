import cv2
import numpy as np
import pytest

from unfade.curate.choose import Choice, Order, choose, look_at


@pytest.fixture(scope="module")
def look(faded_film):
    return look_at(faded_film.source)


EVERY = np.ones(120, bool)


def test_as_many_as_ordered_away_from_cuts_and_apart(look):
    for start in (0, 30, 60, 90):
        choice = choose(look, EVERY, range(start, start + 30), Order(4, 1))
        assert len(choice.train) == 4
        assert len(choice.holdout) == 1
        for frame in (*choice.train, *choice.holdout):
            assert start + 2 <= frame < start + 28
        assert choice.train[-1] - choice.train[0] >= 12
        held = choice.holdout[0]
        assert choice.train[0] < held < choice.train[-1]
        assert min(abs(held - frame) for frame in choice.train) >= 2


def test_only_usable_frames(look):
    usable = np.zeros(120, bool)
    usable[[5, 9, 20]] = True
    choice = choose(look, usable, range(30), Order(4, 1))
    assert {*choice.train, *choice.holdout} == {5, 9, 20}
    assert len(choice.holdout) == 1


def test_where_frames_are_few_one_is_held_out_after_two_are_learned_from(look):
    usable = np.zeros(120, bool)
    usable[[5, 9]] = True
    assert choose(look, usable, range(30), Order(4, 1)) == Choice((5, 9), ())
    usable[[14, 20]] = True
    choice = choose(look, usable, range(30), Order(4, 1))
    assert (len(choice.train), len(choice.holdout)) == (3, 1)


def test_a_shot_of_four_frames_gives_nothing(look):
    assert choose(look, EVERY, range(4), Order(4, 1)) == Choice((), ())


def test_what_a_person_fixed_counts_and_is_not_chosen_again(look):
    order = Order(4, 1, fixed_train=(10, 11), fixed_holdout=(20,))
    choice = choose(look, EVERY, range(30), order)
    assert len(choice.train) == 2
    assert choice.holdout == ()
    assert not {10, 11, 20} & {*choice.train}


def test_sharp_frames_come_first(faded_film):
    film = faded_film.source[:30].copy()
    for index in range(0, 30, 2):
        film[index] = cv2.GaussianBlur(film[index], (0, 0), 2.5)
    choice = choose(look_at(film), EVERY[:30], range(30), Order(4, 1))
    assert all(frame % 2 == 1 for frame in choice.train)


def test_fades_dissolves_flashes_and_black_are_not_sound(faded_film):
    film = faded_film.source.astype(np.float32)
    ramp = np.linspace(0, 1, 20)[:, None, None, None]
    film[65:85] = film[70] * (1 - ramp) + film[95] * ramp
    film[100:112] *= np.linspace(1, 0, 12)[:, None, None, None] ** (1 / 2.4)
    film[112:118] = film[112:118] * 0 + 2
    film[15] = np.clip(film[15] * 1.4, 0, 255)
    sound = look_at(film.astype(np.uint8)).sound
    assert not sound[68:82].any()
    assert not sound[102:118].any()
    assert not sound[15]
    assert sound[3:13].all()
    assert sound[33:58].all()
