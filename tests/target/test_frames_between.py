"""Which frames colour is carried to."""

import pytest

from unfade.film.pair import Pair, PairRole
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.target.between import MOST, NEAR, REACH, SHOWN, frames_between


def pair_at(frame: int, shot: int = 1, role: PairRole = "train") -> Pair:
    return Pair(source=frame, reference=frame, of="dvd", shot=shot, role=role)


def shot_of(first: int, last: int, number: int = 1) -> Shot:
    return Shot(number=number, frames=FrameRange(first=first, last=last))


def test_frames_lie_around_the_pairs_of_their_shot() -> None:
    pairs = [pair_at(150), pair_at(160, role="holdout")]
    chosen = frames_between(pairs, [shot_of(100, 400)])
    assert len(chosen) == SHOWN - 1
    assert set(chosen.values()) == {1}
    assert list(chosen) == sorted(chosen)
    assert all(abs(frame - 150) <= REACH for frame in chosen)
    assert all(abs(frame - pair.source) >= NEAR for frame in chosen for pair in pairs)
    assert min(chosen) < 150 - REACH // 2
    assert max(chosen) > 150 + REACH // 2


def test_frames_beside_a_cut_are_left_out() -> None:
    chosen = frames_between([pair_at(105)], [shot_of(100, 110)])
    assert sorted(chosen) == [102, 103, 107, 108]


def test_shots_of_several_pairs_get_fewer_and_of_many_or_none_no_frames() -> None:
    assert len(frames_between([pair_at(120), pair_at(180)], [shot_of(100, 200)])) == SHOWN - 2
    many = [pair_at(10 * k, shot=1) for k in range(1, SHOWN + 1)]
    shots = [shot_of(0, 99, 1), shot_of(100, 199, 2), shot_of(200, 202, 3)]
    assert frames_between([*many, pair_at(150, 2, "holdout"), pair_at(201, 3)], shots) == {}


@pytest.mark.parametrize("count", [50, 51, 200, 390, 600])
def test_a_long_film_gets_no_more_than_so_many_spread_over_it(count: int) -> None:
    shots = [shot_of(100 * k, 100 * k + 99, k) for k in range(count)]
    chosen = frames_between([pair_at(100 * k + 50, k) for k in range(count)], shots)
    assert MOST * 0.85 < len(chosen) <= MOST
    shares = [list(chosen.values()).count(shot.number) for shot in shots]
    assert max(shares) - min(shares) <= 1
    away = [frame - (100 * shot + 50) for frame, shot in chosen.items()]
    assert abs(sum(away)) / len(away) < 3
