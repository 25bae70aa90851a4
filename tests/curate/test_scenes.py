"""Scenes and the number of their pairs."""

import numpy as np
import pytest

from unfade.curate.choice.choose import (
    ChosenFrames,
    PairQuota,
    choose_frames,
)
from unfade.curate.choice.frame_facts import FrameFacts, measure_frames
from unfade.curate.shots.scenes import colour_distributions, limit_scene, scene_numbers
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.project.settings import CurateSection

LENGTH = 10


def facts_of(colours: list[tuple[float, float, float]]) -> FrameFacts:
    """Measurements of a film with ten-frame shots, each of one colour with slight shading."""
    draws = np.random.default_rng(5)
    shade = draws.normal(0, 0.05, (len(colours) * LENGTH, 48, 1))
    base = np.repeat(np.array(colours), LENGTH, axis=0)[:, None]
    cells = (base + shade).reshape(len(base), -1).astype(np.float32)
    never = np.zeros(len(base), bool)
    return FrameFacts(cells, np.ones(len(base)), ~never, never, never)


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
def test_a_scene_continues_while_its_light_and_colours_return(
    colours: list[tuple[float, float, float]], numbers: tuple[int, ...]
) -> None:
    assert scene_numbers(distributions_of(facts_of(colours))) == numbers


def test_the_length_of_a_scene_is_limited() -> None:
    numbers = scene_numbers(distributions_of(facts_of([DAY] * 130)))
    assert [numbers.count(scene) for scene in (1, 2, 3)] == [60, 60, 10]


def distributions_of(facts: FrameFacts) -> np.ndarray:
    return colour_distributions(facts, shots_of(len(facts.sharpness) // LENGTH), 7)


def limited(
    facts: FrameFacts, choices: list[ChosenFrames], fixed: ChosenFrames, **wanted: int
) -> list[ChosenFrames]:
    return limit_scene(choices, distributions_of(facts), fixed, facts, CurateSection(**wanted))  # type: ignore[arg-type]


def chosen(shot: int) -> ChosenFrames:
    start = shot * LENGTH
    return ChosenFrames(
        (start + 5, start + 2, start + 8, start + 3), (start + 6,), (start + 1,), ()
    )


def test_sixty_shots_give_the_pairs_of_one_scene() -> None:
    facts = facts_of([DAY] * 60)
    scene = limited(facts, [chosen(k) for k in range(60)], ChosenFrames())
    assert sum(len(one.train) for one in scene) == 24
    assert sum(len(one.holdout) for one in scene) == 6
    assert {len(one.train) for one in scene} == {0, 1}
    for shot, one in enumerate(scene):
        assert one.train in ((), (shot * LENGTH + 5,))
        assert one.spare_train == (() if not one.train else chosen(shot).train[1:3])


def test_a_short_scene_keeps_all_pairs_and_a_longer_one_takes_turns() -> None:
    short = [chosen(k) for k in range(6)]
    assert limited(facts_of([DAY] * 6), short, ChosenFrames()) == short
    facts = facts_of([DAY] * 8)
    scene = limited(facts, [chosen(k) for k in range(8)], ChosenFrames())
    assert [len(one.train) for one in scene] == [3] * 8
    fixed = ChosenFrames((1, 4), (7,))
    scene = limited(facts, [chosen(k) for k in range(8)], fixed)
    assert sum(len(one.train) for one in scene) == 22
    assert sum(len(one.holdout) for one in scene) == 5


def test_the_most_distant_frame_is_taken_first() -> None:
    facts = facts_of([DAY] * 5 + [NIGHT])
    scene = limited(facts, [chosen(k) for k in range(6)], ChosenFrames(), most_per_scene=2)
    assert [len(one.train) for one in scene] == [0, 0, 0, 1, 0, 1]


def test_every_set_up_has_a_pair() -> None:
    facts = facts_of([DAY, NIGHT, DAY, FIRE, DAY, (0.1, 0.5, 0.2), DAY])
    scene = limited(facts, [chosen(k) for k in range(7)], ChosenFrames(), most_per_scene=1)
    counts = [len(one.train) for one in scene]
    assert [counts[k] for k in (1, 3, 5)] == [1, 1, 1]
    assert sum(counts) == 4


def test_spare_frames_are_not_adjacent_to_frames_of_the_other_role(faded_film) -> None:  # type: ignore[no-untyped-def]
    facts = measure_frames(faded_film.source)
    choice = choose_frames(facts, ["free"] * 120, range(30), PairQuota(4, 1))
    assert (len(choice.spare_train), len(choice.spare_holdout)) == (2, 2)
    every = [*choice.train, *choice.holdout, *choice.spare_train, *choice.spare_holdout]
    assert len({*every}) == len(every)
    for frame in choice.spare_holdout:
        assert all(abs(frame - other) >= 2 for other in (*choice.train, *choice.spare_train))
    for frame in choice.spare_train:
        assert all(abs(frame - other) >= 2 for other in choice.holdout)
