"""Scenes, and how many pairs they get."""

import numpy as np
import pytest

from unfade.curate.choice.choose import Choice, FrameFacts, PairQuota, choose, look_at
from unfade.curate.shots.scenes import scene_numbers, share_out, shot_families
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.project.settings import CurateSection

LENGTH = 10


def look_of(colours: list[tuple[float, float, float]]) -> FrameFacts:
    """A film of shots of ten frames, each of one colour with a little light and shade."""
    draws = np.random.default_rng(5)
    shade = draws.normal(0, 0.05, (len(colours) * LENGTH, 48, 1))
    base = np.repeat(np.array(colours), LENGTH, axis=0)[:, None]
    cells = (base + shade).reshape(len(base), -1).astype(np.float32)
    return FrameFacts(cells, np.ones(len(base)), np.ones(len(base), bool))


def shots_of(count: int) -> tuple[Shot, ...]:
    return tuple(
        Shot(number=k + 1, frames=FrameRange(first=LENGTH * k + 7, last=LENGTH * k + 16))
        for k in range(count)
    )


DAY, NIGHT, FIRE = (0.7, 0.75, 0.8), (0.2, 0.2, 0.35), (0.8, 0.4, 0.1)


@pytest.mark.parametrize(
    ("colours", "numbers"),
    [
        ([DAY], (1,)),
        ([DAY, DAY, NIGHT, NIGHT, FIRE], (1, 1, 2, 2, 3)),
        ([DAY, NIGHT, DAY, NIGHT, DAY, FIRE], (1, 1, 1, 1, 1, 2)),
        ([DAY, NIGHT, FIRE, NIGHT, NIGHT, NIGHT, DAY], (1, 2, 2, 2, 2, 2, 3)),
    ],
)
def test_a_scene_goes_on_as_long_as_its_light_and_colours_come_back(
    colours: list[tuple[float, float, float]], numbers: tuple[int, ...]
) -> None:
    assert scene_numbers(families_of(look_of(colours))) == numbers


def test_no_scene_is_endless() -> None:
    numbers = scene_numbers(families_of(look_of([DAY] * 130)))
    assert [numbers.count(scene) for scene in (1, 2, 3)] == [60, 60, 10]


def families_of(look: FrameFacts) -> np.ndarray:
    return shot_families(look, shots_of(len(look.sharpness) // LENGTH), 7)


def shared_out(
    look: FrameFacts, choices: list[Choice], fixed: Choice, **wanted: int
) -> list[Choice]:
    return share_out(choices, families_of(look), fixed, look, CurateSection(**wanted))  # type: ignore[arg-type]


def chosen(shot: int) -> Choice:
    start = shot * LENGTH
    return Choice((start + 5, start + 2, start + 8, start + 3), (start + 6,), (start + 1,), ())


def test_sixty_shots_give_what_a_scene_needs() -> None:
    look = look_of([DAY] * 60)
    shared = shared_out(look, [chosen(k) for k in range(60)], Choice())
    assert sum(len(one.train) for one in shared) == 24
    assert sum(len(one.holdout) for one in shared) == 6
    assert {len(one.train) for one in shared} == {0, 1}
    for shot, one in enumerate(shared):
        assert one.train in ((), (shot * LENGTH + 5,))
        assert one.spare_train == (() if not one.train else chosen(shot).train[1:3])


def test_a_short_scene_keeps_all_and_a_middling_one_gives_by_turns() -> None:
    short = [chosen(k) for k in range(6)]
    assert shared_out(look_of([DAY] * 6), short, Choice()) == short
    look = look_of([DAY] * 8)
    shared = shared_out(look, [chosen(k) for k in range(8)], Choice())
    assert [len(one.train) for one in shared] == [3] * 8
    fixed = Choice((1, 4), (7,))
    shared = shared_out(look, [chosen(k) for k in range(8)], fixed)
    assert sum(len(one.train) for one in shared) == 22
    assert sum(len(one.holdout) for one in shared) == 5


def test_what_is_least_like_the_rest_goes_first() -> None:
    look = look_of([DAY] * 5 + [NIGHT])
    shared = shared_out(look, [chosen(k) for k in range(6)], Choice(), most_per_scene=2)
    assert [len(one.train) for one in shared] == [0, 0, 0, 1, 0, 1]


def test_no_set_up_is_left_without_a_pair() -> None:
    look = look_of([DAY, NIGHT, DAY, FIRE, DAY, (0.1, 0.5, 0.2), DAY])
    shared = shared_out(look, [chosen(k) for k in range(7)], Choice(), most_per_scene=1)
    counts = [len(one.train) for one in shared]
    assert [counts[k] for k in (1, 3, 5)] == [1, 1, 1]
    assert sum(counts) == 4


def test_what_stands_by_is_beside_nothing_that_was_chosen(faded_film) -> None:  # type: ignore[no-untyped-def]
    look = look_at(faded_film.source)
    choice = choose(look, ["free"] * 120, range(30), PairQuota(4, 1))
    assert (len(choice.spare_train), len(choice.spare_holdout)) == (2, 2)
    every = [*choice.train, *choice.holdout, *choice.spare_train, *choice.spare_holdout]
    assert len({*every}) == len(every)
    for frame in choice.spare_holdout:
        assert all(abs(frame - other) >= 2 for other in (*choice.train, *choice.spare_train))
    for frame in choice.spare_train:
        assert all(abs(frame - other) >= 2 for other in choice.holdout)
