"""Tests of the choice of the validation range."""

from hypothesis import given
from hypothesis import strategies as st

from unfade.film.naming import bag_name
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.film.validation_range import MAX_FRAMES, MIN_FRAMES, validation_frames

from ..fixtures import make_rendered_frame, make_rendering


def _shots(lengths: list[int]) -> list[Shot]:
    shots, first = [], 1001
    for number, length in enumerate(lengths, start=1):
        shots.append(Shot(number=number, frames=FrameRange(first=first, last=first + length - 1)))
        first += length
    return shots


@given(st.lists(st.integers(1, 400), min_size=1, max_size=300))
def test_range_is_of_50_to_100_frames_of_the_film(lengths: list[int]) -> None:
    frames = validation_frames(_shots(lengths))
    assert len(frames) <= MAX_FRAMES
    assert min(frames) == 1001, "the first frame of the film"
    assert max(frames) == 1000 + sum(lengths), "the last frame of the film"


def test_ordinary_shots_have_head_middle_and_tail() -> None:
    frames = validation_frames(_shots([40] * 8))
    assert len(frames) >= MIN_FRAMES
    assert {1001, 1002, 1003, 1038, 1039, 1040, 1041, 1042, 1043} <= frames
    assert {1019, 1020, 1021} <= frames


def test_a_single_long_shot_has_50_frames_or_more() -> None:
    assert MIN_FRAMES <= len(validation_frames(_shots([5000]))) <= MAX_FRAMES


def test_a_film_of_many_shots_has_joins_of_shots_spread_over_it() -> None:
    shots = _shots([60] * 400)
    frames = validation_frames(shots)
    touched = [shot for shot in shots if shot.frames.first in frames]
    assert len(touched) == MAX_FRAMES // 9
    assert touched[0] is shots[0]
    assert touched[-1] is shots[-1]
    assert all(shot.frames.last in frames for shot in touched)


def test_a_short_film_has_all_of_its_frames() -> None:
    assert len(validation_frames(_shots([4, 4, 4]))) == 12


def test_a_rendering_with_gaps_says_how_many_frames_it_has() -> None:
    frames = [make_rendered_frame(frame) for frame in (1, 2, 3, 8)]
    rendering, film = make_rendering(frames), FrameRange(first=1, last=10)
    assert rendering.part_in_words(film) == "4 of 10 frames, between 1 and 8"
    whole = make_rendering([make_rendered_frame(frame) for frame in film.frames()])
    assert whole.part_in_words(film) == ""
    assert bag_name("Reel", 1, rendering.part_of(film), 4) == "reel-v001-4-frames-1-8"
    assert bag_name("Reel", 1, FrameRange(first=1, last=3), 3) == "reel-v001-frames-1-3"
