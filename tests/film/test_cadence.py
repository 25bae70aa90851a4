import pytest
from pydantic import ValidationError

from unfade.film.cadence import Cadence


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
