import pytest
from pydantic import ValidationError

from unfade.film.cadence import Cadence


def test_film_frames_come_once_and_whole():
    cadence = Cadence(weave="spspxspx", repeats=".r..r.r.")
    assert cadence.film_frames() == [0, 2, 3, 5]


def test_a_repeat_of_a_torn_frame_stands_for_it():
    assert Cadence(weave="sxps", repeats="..r.").film_frames() == [0, 2, 3]


def test_copies_are_counted_from_the_frame_on():
    cadence = Cadence(weave="sssxsssxss", repeats="..r...rr.r")
    assert cadence.film_frames() == [0, 1, 4, 5, 8]
    assert cadence.repeat_counts() == [1, 2, 1, 3, 2]


def test_letters_are_of_one_clip():
    with pytest.raises(ValidationError, match="different length"):
        Cadence(weave="ss", repeats=".")
    with pytest.raises(ValidationError, match="weave"):
        Cadence(weave="sq", repeats="..")
