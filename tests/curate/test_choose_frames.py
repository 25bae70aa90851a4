from dataclasses import replace

import cv2
import numpy as np
import pytest

from unfade.curate.choice.choose import (
    ChosenFrames,
    PairQuota,
    choose_frames,
    frame_states,
)
from unfade.curate.choice.frame_facts import measure_frames
from unfade.film.shot import Shot
from unfade.film.time import FrameRange


@pytest.fixture(scope="module")
def facts(faded_film):
    return measure_frames(faded_film.source)


ALL_FRAMES = np.ones(120, bool)
SHOTS = tuple(
    Shot(number=k + 1, frames=FrameRange(first=1001 + 30 * k, last=1030 + 30 * k)) for k in range(4)
)


def _states(facts, usable=ALL_FRAMES, shots=SHOTS):
    return frame_states(facts, usable, usable, shots, 1001)


def _frames(*frames):
    usable = np.zeros(120, bool)
    usable[list(frames)] = True
    return usable


def test_the_quota_is_met_away_from_cuts_and_spread_over_time(facts):
    for start in (0, 30, 60, 90):
        choice = choose_frames(facts, _states(facts), range(start, start + 30), PairQuota(4, 1))
        assert len(choice.train) == 4
        assert len(choice.holdout) == 1
        for frame in (*choice.train, *choice.holdout):
            assert start + 2 <= frame < start + 28
        assert max(choice.train) - min(choice.train) >= 12
        held = choice.holdout[0]
        assert min(choice.train) < held < max(choice.train)
        assert min(abs(held - frame) for frame in choice.train) >= 2


def test_only_frames_with_a_certain_match_are_chosen(facts):
    choice = choose_frames(facts, _states(facts, _frames(5, 9, 20)), range(30), PairQuota(4, 1))
    assert {*choice.train, *choice.holdout} == {5, 9, 20}
    assert len(choice.holdout) == 1


def test_of_few_frames_two_train_before_one_is_held_out(facts):
    two = _states(facts, _frames(5, 9))
    choice = choose_frames(facts, two, range(30), PairQuota(4, 1))
    assert ({*choice.train}, choice.holdout) == ({5, 9}, ())
    choice = choose_frames(facts, _states(facts, _frames(5, 9, 14, 20)), range(30), PairQuota(4, 1))
    assert (len(choice.train), len(choice.holdout)) == (3, 1)


@pytest.mark.parametrize(("count", "free"), [(1, [0]), (2, [0, 1]), (3, [1]), (4, [1, 2])])
def test_a_short_shot_gives_its_middle(facts, count, free):
    short = (
        Shot(number=1, frames=FrameRange(first=1001, last=1000 + count)),
        Shot(number=2, frames=FrameRange(first=1001 + count, last=1120)),
    )
    states = _states(facts, shots=short)
    assert [k for k in range(count) if states[k] == "free"] == free
    assert sorted(choose_frames(facts, states, range(count), PairQuota(4, 1)).train) == free


def test_a_shot_with_changing_light_gets_more_training_frames(faded_film):
    film = np.repeat(faded_film.source[:1], 30, axis=0).astype(np.float32)
    film *= np.linspace(1, 0.2, 30)[:, None, None, None] ** np.array([1.0, 0.7, 1.3])
    facts = measure_frames(film.astype(np.uint8))
    states = ["free"] * 30
    still = measure_frames(np.repeat(faded_film.source[:1], 30, axis=0))
    assert len(choose_frames(still, states, range(30), PairQuota(2, 1, 9)).train) == 2
    assert 2 < len(choose_frames(facts, states, range(30), PairQuota(2, 1, 9)).train) <= 9
    assert len(choose_frames(facts, states, range(30), PairQuota(2, 1, 3)).train) == 3


def test_states_say_why_a_frame_cannot_be_a_pair(facts):
    matched, certain = _frames(5, 9, 10, 0), _frames(5, 9, 0)
    no_flash = facts.has_colours & (np.arange(120) != 9)
    states = frame_states(replace(facts, has_colours=no_flash), matched, certain, SHOTS, 1001)
    assert [states[k] for k in (4, 5, 9, 10, 0)] == [
        "unmatched",
        "free",
        "passing",
        "uncertain",
        "cut",
    ]


def test_fixed_frames_count_and_are_not_chosen_again(facts):
    quota = PairQuota(4, 1, fixed=ChosenFrames(train=(10, 11), holdout=(20,)))
    choice = choose_frames(facts, _states(facts), range(30), quota)
    assert len(choice.train) == 2
    assert choice.holdout == ()
    assert not {10, 11, 20} & {*choice.train}


def test_test_frames_lie_apart_and_take_no_frame_from_the_others(facts):
    without = choose_frames(facts, _states(facts), range(30), PairQuota(4, 1))
    choice = choose_frames(facts, _states(facts), range(30), PairQuota(4, 1, test=1))
    assert (choice.train, choice.holdout) == (without.train, without.holdout)
    (test,) = choice.test
    assert all(abs(test - other) >= 2 for other in (*choice.train, *choice.holdout))
    few = choose_frames(
        facts, _states(facts, _frames(5, 9, 14, 20)), range(30), PairQuota(4, 1, test=1)
    )
    assert (len(few.train), few.test) == (3, ())


def test_sharp_frames_are_preferred(faded_film):
    film = faded_film.source[:30].copy()
    for index in range(0, 30, 2):
        film[index] = cv2.GaussianBlur(film[index], (0, 0), 2.5)
    facts = measure_frames(film)
    choice = choose_frames(
        facts, _states(facts, ALL_FRAMES[:30], SHOTS[:1]), range(30), PairQuota(4, 1)
    )
    assert all(frame % 2 == 1 for frame in choice.train)


def _with_a_fade(film, start, light):
    """The film with frames from `start` on in another light, 1 as it is; white is 245."""
    faded = film.astype(np.float32)
    part = slice(start, start + len(light))
    faded[part] = 245 + (faded[part] - 245) * light[:, None, None, None]
    return faded.astype(np.uint8)


def test_changing_light_is_a_second_choice_and_a_mixture_is_none(faded_film):
    film = _with_a_fade(faded_film.source, 30, np.linspace(0, 1, 14))
    dissolving = np.zeros(120, bool)
    dissolving[66:84] = True
    facts = measure_frames(film).with_transitions(np.zeros(120, bool), dissolving)
    states = _states(facts)
    assert {*states[34:43]} == {"changing"}
    assert {*states[30:32]} == {"passing"}
    assert {*states[66:84]} == {"passing"}
    assert {*states[50:58]} == {"free"}
    known = measure_frames(faded_film.source).with_transitions(dissolving, np.zeros(120, bool))
    assert {*_states(known)[66:84]} == {"changing"}


def test_light_that_only_a_fade_shows_gets_training_frames_and_no_others(faded_film):
    facts = measure_frames(_with_a_fade(faded_film.source, 30, np.linspace(0, 1, 14)))
    states = _states(facts)
    choice = choose_frames(facts, states, range(30, 60), PairQuota(4, 1, 9, test=1))
    assert [states[frame] for frame in choice.train[:4]] == ["free"] * 4
    changing = choice.train[4:]
    assert 1 <= len(changing) <= 5
    assert all(states[frame] == "changing" for frame in changing)
    assert min(changing) < 37
    assert all(states[frame] == "free" for frame in (*choice.holdout, *choice.test))
    spares = (*choice.spare_holdout, *choice.spare_test)
    for judge in (*choice.holdout, *choice.test, *spares):
        assert all(abs(judge - frame) >= 2 for frame in choice.train)
    limited = choose_frames(facts, states, range(30, 60), PairQuota(4, 1, 4))
    assert all(states[frame] == "free" for frame in limited.train)


def test_a_shot_that_is_nothing_but_a_fade_gets_training_frames(faded_film):
    facts = measure_frames(_with_a_fade(faded_film.source, 30, np.linspace(0, 1, 30)))
    states = [state.replace("free", "changing") for state in _states(facts)]
    choice = choose_frames(facts, states, range(30, 60), PairQuota(4, 1, 9))
    assert 4 <= len(choice.train) <= 9
    assert choice.holdout == ()


def test_fades_dissolves_flashes_and_black_are_not_usable(faded_film):
    film = faded_film.source.astype(np.float32)
    ramp = np.linspace(0, 1, 20)[:, None, None, None]
    film[65:85] = film[70] * (1 - ramp) + film[95] * ramp
    film[100:112] *= np.linspace(1, 0, 12)[:, None, None, None] ** (1 / 2.4)
    film[112:118] = film[112:118] * 0 + 2
    film[15] = np.clip(film[15] * 1.4, 0, 255)
    usable = measure_frames(film.astype(np.uint8)).usable
    assert not usable[68:82].any()
    assert not usable[102:118].any()
    assert not usable[15]
    assert usable[3:13].all()
    assert usable[33:58].all()
