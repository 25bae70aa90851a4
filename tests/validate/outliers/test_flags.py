"""Limits, kinds and runs of outliers, from scores of made-up films."""

from typing import Any

import numpy as np
import pytest

from unfade.film.match import FrameState, MatchRecord, ReferenceMatches
from unfade.film.time import FrameRange
from unfade.validate.outliers.flags import (
    GOOD_RATIO,
    WRONG_FLOOR,
    Flag,
    ShotFacts,
    flags,
    good_limit,
)
from unfade.validate.outliers.runs import FlaggedRun, MendFacts, flagged_runs, mend
from unfade.validate.outliers.scores import FrameScores

FRAMES = 60
"""Frames of the made-up film, in two shots of equal length."""


def film(**columns: Any) -> FrameScores:
    """A film without a fault, but for the given columns."""
    shot = np.repeat([1, 2], FRAMES // 2)
    good = {name: np.full(FRAMES, 0.1) for name in FrameScores.__dataclass_fields__}
    good |= {"frame": np.arange(1001, 1001 + FRAMES), "shot": shot}
    good |= {"wrong": np.full(FRAMES, 0.4), "predicted": np.ones(FRAMES)}
    good |= {"crop": np.full(FRAMES, np.nan), "offset": np.zeros((FRAMES, 2))}
    return FrameScores(**(good | columns))


def shots(**facts: Any) -> dict[int, ShotFacts]:
    defaults = {"scene": 1, "has_pairs": True, "pair_frames": frozenset(), "held_out": 1.0}
    return {1: ShotFacts(**(defaults | facts)), 2: ShotFacts(**defaults)}


def with_values(value: float, start: int, stop: int, base: float = 0.1) -> np.ndarray:
    values = np.full(FRAMES, base)
    values[start:stop] = value
    return values


def kinds(scores: FrameScores, **facts: Any) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, flag in enumerate(flags(scores, shots(**facts), 1.0)):
        if flag is not None:
            found.setdefault(flag.kind, []).append(index)
    return found


def test_a_film_without_a_fault_has_no_outlier() -> None:
    assert kinds(film()) == {}


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("plateau", 0.7, "banding"),
        ("shift", 3.0, "bleed"),
        ("flicker", 1.5, "flicker"),
        ("reference_flicker", 1.5, "flicker"),
        ("drift", 4.0, "hue drift"),
        ("wrong", 6.0, "wrong colour"),
        ("skin", 5.0, "unstable skin"),
        ("unsupported", 0.6, "bleed"),
        ("crop", 0.9, "crop"),
    ],
)
def test_each_score_names_its_kind(column: str, value: float, kind: str) -> None:
    values = with_values(value, 10, 15)
    assert kinds(film(**{column: values})) == {kind: [10, 11, 12, 13, 14]}


def test_letters_are_an_overlay() -> None:
    scores = film(unsupported=with_values(0.6, 10, 12), band=with_values(0.95, 10, 12))
    assert kinds(scores) == {"overlay": [10, 11]}


def test_a_wrong_colour_in_a_shot_without_pairs_was_unseen() -> None:
    scores = film(wrong=with_values(6.0, 10, 12, base=0.4))
    assert kinds(scores, has_pairs=False) == {"unseen colour": [10, 11]}


def test_without_a_reference_the_predicted_error_decides() -> None:
    wrong = with_values(np.nan, 5, 9, base=0.4)
    assert kinds(film(wrong=wrong, predicted=with_values(2.0, 5, 7, base=1.0))) == {
        "unseen colour": [5, 6]
    }
    assert kinds(film(predicted=with_values(2.0, 5, 7, base=1.0))) == {}
    low = with_values(0.4, 5, 7, base=0.1)
    assert kinds(film(wrong=wrong, predicted=low)) == {}, "nobody sees it"


def test_frames_beside_an_outlier_and_gaps_between_belong_to_it() -> None:
    wrong = with_values(0.4, 0, 0)
    wrong[10:18] = [2.0, 4.0, np.nan, np.nan, 4.0, 2.0, 0.4, 2.0]
    assert kinds(film(wrong=wrong))["wrong colour"] == [10, 11, 12, 13, 14, 15]


def test_limits_follow_the_good_frames_of_the_film() -> None:
    assert good_limit(np.full(10, 0.1), WRONG_FLOOR) == WRONG_FLOOR
    noisy = np.concatenate([np.full(40, 1.0), np.full(60, 50.0)])
    assert good_limit(noisy, WRONG_FLOOR) == GOOD_RATIO
    assert good_limit(np.full(3, np.nan), WRONG_FLOOR) == WRONG_FLOOR


def test_a_shot_that_is_hard_for_its_own_good_pairs_has_its_own_limit() -> None:
    scores = film(wrong=with_values(3.0, 0, 30, base=0.4))
    hard = {"pair_frames": frozenset({1005, 1010})}
    assert kinds(scores, **hard) == {}
    assert kinds(scores, **hard, held_out=4.0) == {"wrong colour": [*range(30)]}


def test_a_step_between_shots_of_a_scene_is_a_seam() -> None:
    offset = np.zeros((FRAMES, 2))
    offset[30:] = (0.03, -0.03)
    assert kinds(film(offset=offset)) == {"seam": [29, 30]}
    assert kinds(film(offset=offset), scene=7) == {}


def test_shots_that_do_not_meet_have_no_seam() -> None:
    offset, frame = np.zeros((FRAMES, 2)), np.arange(1001, 1001 + FRAMES)
    offset[30:] = (0.03, -0.03)
    frame[30:] += 500
    assert kinds(film(offset=offset, frame=frame)) == {}


def test_nothing_is_joined_across_frames_that_are_not_rendered() -> None:
    wrong, frame = with_values(0.4, 0, 0), np.arange(1001, 1001 + FRAMES)
    wrong[10:14] = [4.0, np.nan, np.nan, 4.0]
    frame[12:] += 500
    assert kinds(film(wrong=wrong, frame=frame)) == {"wrong colour": [10, 13]}


def test_runs_are_consecutive_frames_of_one_kind_in_one_shot() -> None:
    found: list[Flag | None] = [None] * FRAMES
    for index, score in ((28, 3.0), (29, 5.0), (30, 4.0), (40, 6.0)):
        found[index] = Flag("hue drift", score, 2.0, "CIEDE2000")
    found[41] = Flag("bleed", 2.0, 1.0, "pixels")
    runs = flagged_runs(film(), found)
    assert [(run.shot, run.frames, run.worst, run.flag.kind) for run in runs] == [
        (1, (1029, 1030), 1030, "hue drift"),
        (2, (1031,), 1031, "hue drift"),
        (2, (1041,), 1041, "hue drift"),
        (2, (1042,), 1042, "bleed"),
    ]


def matches(states: dict[int, FrameState]) -> MatchRecord:
    frames = FrameRange(first=1001, last=1000 + FRAMES)
    columns = {"similarity": (0.9,) * FRAMES, "lag": (0.0,) * FRAMES}
    found = ReferenceMatches(reference=tuple(range(50, 50 + FRAMES)), **columns)
    state = tuple(states.get(frame, "free") for frame in frames.frames())
    return MatchRecord(frames=frames, references={"dvd": found}, of=("dvd",) * FRAMES, state=state)


def test_the_pair_that_mends_is_the_nearest_that_can_be_one_and_none_that_was_dropped() -> None:
    run = FlaggedRun(1, (1010, 1011, 1012), 1011, Flag("wrong colour", 5.0, 2.0, "CIEDE2000"))
    found = mend(run, MendFacts(matches({}), {1005}, set()))
    assert found is not None
    assert (found.source, found.reference, found.of) == (1011, 60, "dvd")
    found = mend(run, MendFacts(matches({1011: "uncertain"}), {1010}, set()))
    assert found is not None
    assert found.source == 1012
    found = mend(run, MendFacts(matches({1011: "changing"}), {1005}, set()))
    assert found is not None
    assert found.source == 1011
    assert mend(run, MendFacts(matches({1011: "cut"}), {1010}, {1012})) is None
    assert mend(run, MendFacts(None, set(), set())) is None
