"""The time left of a run, on a clock that only moves when the test says so."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline.time_left import COSTS, Expected, TimeLeft, expected_seconds

PACKAGE = Path(__file__).parents[2] / "src/unfade"

TOLERANCE = 0.3
"""Largest relative error of the time left after the first minute."""

DEMO = {
    "run": 1.0,
    "shot": 6.0,
    "pair": 30.0,
    "pair megapixel": 20.7,
    "thousand steps": 2.5,
    "megapixel": 99.5,
    "reference megapixel": 70.0,
    "rendered megapixel": 99.5,
}
"""The amounts of the demo film."""

TYPICAL = expected_seconds(DEMO, {})


class SimulatedRun:
    """Runs stages of known lengths on a clock of its own; records what `TimeLeft` says."""

    def __init__(self, stages: Mapping[str, Expected], expected: Mapping[str, Expected]) -> None:
        self.now_s = 0.0
        self.said: list[tuple[float, float]] = []
        self._stages = stages
        self._time_left = TimeLeft(list(stages), lambda: self.now_s)
        self._time_left.expect(expected)

    def go(self) -> list[tuple[float, float]]:
        """Runs to the end. Returns what was said, and what was true, after the first minute."""
        for name, (before_s, during_s, after_s) in self._stages.items():
            bars = self._time_left.begin(name)
            self._wait(before_s)
            items = max(3, round(during_s))
            for _ in bars.track(range(items), f"{COSTS[name].bar} ...", items):
                self._wait(during_s / items)
            self._wait(after_s)
        return [(left_s, self.now_s - at_s) for at_s, left_s in self.said if at_s > 60]

    def _wait(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.said.append((self.now_s, self._time_left.seconds()))
            self.now_s = min(self.now_s + 0.5, end_s)


def worst_error(said: list[tuple[float, float]]) -> float:
    """The largest relative error, where at least 10 s are left."""
    return max(abs(left_s - true_s) / true_s for left_s, true_s in said if true_s > 10)


def test_a_typical_run_is_foreseen() -> None:
    said = SimulatedRun(TYPICAL, TYPICAL).go()
    assert worst_error(said) < 0.02


@pytest.mark.parametrize("slower", [0.6, 2.0, 5.0])
def test_the_pace_of_the_machine_shows_in_the_first_minute(slower: float) -> None:
    stages = {name: one.times(slower) for name, one in TYPICAL.items()}
    assert worst_error(SimulatedRun(stages, TYPICAL).go()) < TOLERANCE


def test_a_film_is_foreseen_by_its_last_run() -> None:
    factors = [0.7, 1.4, 0.8, 1.0, 2.0, 0.6, 1.2, 0.9]
    stages = {
        name: TYPICAL[name].times(3 * one) for name, one in zip(STAGE_NAMES, factors, strict=True)
    }
    expected = expected_seconds(DEMO, {name: one.whole_s for name, one in stages.items()})
    assert worst_error(SimulatedRun(stages, expected).go()) < 0.02


def test_a_stage_that_went_on_from_an_earlier_run_is_expected_to_cost_its_usual() -> None:
    earlier = {name: one.whole_s for name, one in TYPICAL.items()}
    earlier["train"] /= 10
    for name, one in expected_seconds(DEMO, earlier).items():
        assert one == pytest.approx(TYPICAL[name])


def test_a_record_of_a_stage_without_work_says_nothing() -> None:
    nothing = dict.fromkeys(DEMO, 0.0)
    assert {one.whole_s for one in expected_seconds(nothing, {"render": 100.0}).values()} == {0.0}


def test_stages_without_a_record_follow_those_with_one() -> None:
    earlier = {name: 4 * TYPICAL[name].whole_s for name in STAGE_NAMES[:4]}
    expected = expected_seconds(DEMO, earlier)
    assert expected["render"].whole_s == pytest.approx(4 * TYPICAL["render"].whole_s)


def test_the_items_of_a_stage_correct_its_expectation() -> None:
    """A film whose frames take three times as long to render as expected."""
    run = SimulatedRun({"render": TYPICAL["render"].times(3)}, TYPICAL)
    run.go()
    third = [(left_s, run.now_s - at_s) for at_s, left_s in run.said if at_s > run.now_s / 3]
    assert worst_error(third) < 0.05


def test_an_overdue_stage_still_has_the_rest_to_do() -> None:
    now_s = 0.0
    time_left = TimeLeft(["train", "render"], lambda: now_s)
    time_left.expect(TYPICAL)
    time_left.begin("train")
    now_s = 10 * TYPICAL["train"].whole_s
    assert time_left.seconds() > TYPICAL["render"].whole_s


def test_the_end_of_an_overdue_last_stage_is_near_but_not_past() -> None:
    now_s = 0.0
    time_left = TimeLeft(["deliver"], lambda: now_s)
    time_left.expect(TYPICAL)
    for _ in time_left.begin("deliver").track("abc", COSTS["deliver"].bar, 3):
        now_s += TYPICAL["deliver"].whole_s
    now_s *= 2
    assert time_left.seconds() == 0.0


def test_stages_that_are_fresh_do_not_count() -> None:
    time_left = TimeLeft(STAGE_NAMES, lambda: 0.0)
    time_left.expect(TYPICAL)
    whole_s = time_left.seconds()
    time_left.leave_out("train")
    assert time_left.seconds() == pytest.approx(whole_s - TYPICAL["train"].whole_s)


def test_every_stage_has_a_cost() -> None:
    assert tuple(COSTS) == STAGE_NAMES
    assert all(one.during_s > 0 for one in TYPICAL.values())


@pytest.mark.parametrize("stage", STAGE_NAMES)
def test_the_longest_bar_is_one_of_the_stage(stage: str) -> None:
    """A label that changes in a stage changes in `COSTS`; the first two words are in the code."""
    words = " ".join(COSTS[stage].bar.split()[:2])
    files = [*(PACKAGE / stage).rglob("*.py")]
    assert any(f'"{words}' in file.read_text(encoding="utf-8") for file in files)
