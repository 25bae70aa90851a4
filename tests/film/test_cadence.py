"""Film frames and repeats that a cadence describes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from unfade.film.cadence import Cadence

from ..fixtures import Telecine


def test_film_frames_are_the_first_whole_frames():
    cadence = Cadence(weave="spspxspx", repeats=".r..r.r.")
    assert cadence.film_frames() == [0, 2, 3, 5]


def test_a_whole_repeat_replaces_a_frame_of_half_the_lines():
    assert Cadence(weave="sxps", repeats="..r.").film_frames() == [0, 2, 3]


def test_repeats_are_counted_from_the_first_whole_frame():
    cadence = Cadence(weave="sssxsssxss", repeats="..r...rr.r")
    assert cadence.film_frames() == [0, 1, 4, 5, 8]
    assert cadence.repeat_counts() == [1, 2, 1, 3, 2]


def test_strings_of_different_length_or_with_other_letters_are_refused():
    with pytest.raises(ValidationError, match="differ in length"):
        Cadence(weave="ss", repeats=".")
    with pytest.raises(ValidationError, match="weave"):
        Cadence(weave="sq", repeats="..")


@given(st.lists(st.integers(1, 6), min_size=2, max_size=12), st.booleans())
def test_a_telecined_film_gives_its_film_frames_back(field_counts, top_first):
    movie = Telecine.of(field_counts, top_first=top_first)
    cadence = movie.cadence()
    whole = [frame for frame, weave in enumerate(cadence.weave) if weave != "x"]
    shown = [movie.top[frame] for frame in whole]
    assert [movie.top[frame] for frame in cadence.film_frames()] == sorted({*shown})
    assert cadence.film_frames() == [whole[shown.index(one)] for one in sorted({*shown})]
    assert cadence.repeat_counts() == [shown.count(one) for one in sorted({*shown})]


@pytest.mark.parametrize("top_first", [True, False])
def test_pulldown_of_2_to_3_gives_every_film_frame_back(top_first):
    movie = Telecine.of([2, 3] * 6, top_first=top_first)
    frames = movie.cadence().film_frames()
    assert [movie.top[frame] for frame in frames] == list(range(12))
