"""The choice of frames to which colour is carried."""

import pytest

from unfade.film.pair import MIN_DISTANCE_FRAMES, Pair, PairRole
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.target.carried_frames import (
    FRAMES_PER_SHOT,
    MAX_DISTANCE_FRAMES,
    MAX_FRAMES,
    choose_carried_frames,
)


def pair_at(frame: int, shot: int = 1, role: PairRole = "train") -> Pair:
    return Pair(source=frame, reference=frame, of="dvd", shot=shot, role=role)


def shot_of(first: int, last: int, number: int = 1) -> Shot:
    return Shot(number=number, frames=FrameRange(first=first, last=last))


def test_frames_lie_around_the_pairs_of_their_shot() -> None:
    pairs = [pair_at(150), pair_at(160, role="holdout")]
    chosen = choose_carried_frames(pairs, [shot_of(100, 400)])
    assert len(chosen) == FRAMES_PER_SHOT - 1
    assert set(chosen.values()) == {1}
    assert list(chosen) == sorted(chosen)
    assert all(abs(frame - 150) <= MAX_DISTANCE_FRAMES for frame in chosen)
    assert all(
        abs(frame - pair.source) >= MIN_DISTANCE_FRAMES for frame in chosen for pair in pairs
    )
    assert min(chosen) < 150 - MAX_DISTANCE_FRAMES // 2
    assert max(chosen) > 150 + MAX_DISTANCE_FRAMES // 2


def test_frames_beside_a_cut_are_left_out() -> None:
    chosen = choose_carried_frames([pair_at(105)], [shot_of(100, 110)])
    assert sorted(chosen) == [102, 103, 107, 108]


def test_shots_with_more_pairs_get_fewer_carried_frames() -> None:
    assert (
        len(choose_carried_frames([pair_at(120), pair_at(180)], [shot_of(100, 200)]))
        == FRAMES_PER_SHOT - 2
    )
    many = [pair_at(10 * k, shot=1) for k in range(1, FRAMES_PER_SHOT + 1)]
    shots = [shot_of(0, 99, 1), shot_of(100, 199, 2), shot_of(200, 202, 3)]
    assert choose_carried_frames([*many, pair_at(150, 2, "holdout"), pair_at(201, 3)], shots) == {}


@pytest.mark.parametrize("count", [50, 51, 200, 390, 600])
def test_a_long_film_gets_the_largest_number_spread_evenly(count: int) -> None:
    shots = [shot_of(100 * k, 100 * k + 99, k) for k in range(count)]
    chosen = choose_carried_frames([pair_at(100 * k + 50, k) for k in range(count)], shots)
    assert MAX_FRAMES * 0.85 < len(chosen) <= MAX_FRAMES
    counts = [list(chosen.values()).count(shot.number) for shot in shots]
    assert max(counts) - min(counts) <= 1
    offsets = [frame - (100 * shot + 50) for frame, shot in chosen.items()]
    assert abs(sum(offsets)) / len(offsets) < 3


def test_damaged_frames_get_no_colour() -> None:
    chosen = choose_carried_frames([pair_at(105)], [shot_of(100, 110)], damaged={102, 108})
    assert sorted(chosen) == [103, 107]
