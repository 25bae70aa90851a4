"""The pairs that a round adds, on a made-up film of three shots."""

from typing import Any

import numpy as np
import pytest

from unfade.curate.choice.frame_facts import measure_frames
from unfade.film.match import FrameState, MatchRecord, ReferenceMatches
from unfade.film.outlier import Mend
from unfade.film.pair import Pair, PairRole
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.improve.suggest import FilmState, suggest

from ..fixtures import make_outlier

SHOT_FRAMES = 30
SHOTS = tuple(
    Shot(number=n, frames=FrameRange(first=1 + SHOT_FRAMES * (n - 1), last=SHOT_FRAMES * n))
    for n in (1, 2, 3)
)
FRAMES = FrameRange(first=1, last=3 * SHOT_FRAMES)
EVEN = {1: 1.0, 2: 1.0, 3: 1.0}
"""Held-out errors of shots that are equally hard."""


def pairs(shot: int, count: int, role: PairRole = "train", start: int = 0) -> list[Pair]:
    first = SHOTS[shot - 1].frames.first + start
    return [
        Pair(source=first + 3 * k, reference=3 * k, of="dvd", shot=shot, role=role)
        for k in range(count)
    ]


def film(changed: dict[int, FrameState] | None = None, **facts: Any) -> FilmState:
    """A film with four training pairs and a hold-out pair in each shot, and no outlier."""
    states: list[FrameState] = ["free"] * len(FRAMES)
    for frame, state in (changed or {}).items():
        states[frame - FRAMES.first] = state
    columns = {"similarity": (0.9,) * len(FRAMES), "lag": (0.0,) * len(FRAMES)}
    record = ReferenceMatches(reference=tuple(range(len(FRAMES))), **columns)
    matches = MatchRecord(
        frames=FRAMES, references={"dvd": record}, of=("dvd",) * len(FRAMES), state=tuple(states)
    )
    draw = np.random.default_rng(3)
    proxy = draw.integers(30, 220, (len(FRAMES), 36, 64, 3), np.uint8)
    chosen = [one for n in (1, 2, 3) for one in pairs(n, 4) + pairs(n, 1, "holdout", 20)]
    defaults = {
        "shots": SHOTS,
        "pairs": chosen,
        "rejected": frozenset(),
        "matches": matches,
        "held_out": {1: 0.5, 2: 0.5, 3: 2.0},
        "outliers": (),
        "facts": measure_frames(proxy),
    }
    return FilmState(**(defaults | facts))


def by_shot(state: FilmState, **options: Any) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for one in suggest(state, **options):
        found.setdefault(one.shot, []).append(one.source)
    return found


def test_a_demanding_shot_grows_from_4_to_7_and_others_do_not() -> None:
    found = by_shot(film())
    assert [*found] == [3]
    assert len(found[3]) == 3
    assert all(frame in SHOTS[2].frames for frame in found[3])


def test_it_grows_to_11_and_no_further() -> None:
    others = [one for n in (1, 2) for one in pairs(n, 4)]
    assert len(by_shot(film(pairs=[*others, *pairs(3, 7)]))[3]) == 4
    assert by_shot(film(pairs=[*others, *pairs(3, 11)], held_out={3: 2.0, 1: 0.1, 2: 0.1})) == {}


def test_a_shot_with_fewer_than_4_pairs_or_none_gets_4() -> None:
    state = film(pairs=[*pairs(1, 4), *pairs(2, 1)], held_out={1: 0.5})
    found = by_shot(state)
    assert {shot: len(frames) for shot, frames in found.items()} == {1: 3, 2: 3, 3: 4}
    reasons = {one.why for one in suggest(state) if one.shot == 3}
    assert reasons == {"the shot has no pair"}


def test_the_pair_that_mends_an_outlier_comes_first() -> None:
    mend = Mend(source=10, reference=9, of="dvd")
    outlier = make_outlier(shot=1, first=8, last=12, worst=10, mend=mend)
    found = [one for one in suggest(film(outliers=(outlier,))) if one.shot == 1]
    assert len(found) == 3
    assert [one.why for one in found if one.source == 10] == ["wrong colour, frames 8 to 12"]


@pytest.mark.parametrize(("state", "is_added"), [("changing", True), ("passing", False)])
def test_a_mend_in_changing_light_is_added(state: FrameState, is_added: bool) -> None:
    mend = Mend(source=10, reference=9, of="dvd")
    outlier = make_outlier(shot=1, first=8, last=12, worst=10, mend=mend)
    found = suggest(film({10: state}, outliers=(outlier,)))
    assert (10 in [one.source for one in found]) is is_added


def test_nothing_that_was_refused_or_lies_beside_a_judging_pair_is_added() -> None:
    hold_out = pairs(3, 1, "holdout", 20)[0].source
    allowed = {62, 64, 65, 70, 71}
    rejected = frozenset({*SHOTS[2].frames.frames()} - allowed - {hold_out})
    found = by_shot(film(rejected=rejected))
    assert {*found[3]} <= allowed
    assert by_shot(film(rejected=frozenset({*FRAMES.frames()}))) == {}
    in_fade: dict[int, FrameState] = dict.fromkeys(FRAMES.frames(), "changing")
    assert by_shot(film(in_fade, rejected=frozenset({*FRAMES.frames()}))) == {}


def test_a_shot_that_gained_nothing_is_left_alone() -> None:
    assert by_shot(film(), settled={3}) == {}
