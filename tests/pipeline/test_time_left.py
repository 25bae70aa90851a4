"""The time left of a run, on a clock that only moves when the test says so."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline.time_left import COSTS, TimeLeft, expected_seconds

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
    "rendered frame": 144.0,
    "rendered megapixel": 99.5,
}
"""The amounts of the demo film."""

TYPICAL = expected_seconds(DEMO, {})


class SimulatedRun:
    """Runs stages of known lengths on a clock of its own; records what `TimeLeft` says."""

    def __init__(self, seconds: Mapping[str, float], expected: Mapping[str, float]) -> None:
        self.now_s = 0.0
        self.said: list[tuple[float, float]] = []
        self._seconds = seconds
        self._time_left = TimeLeft(list(seconds), lambda: self.now_s)
        self._time_left.expect(expected)

    def go(self) -> list[tuple[float, float]]:
        """Runs to the end. Returns what was said, and what was true, after the first minute."""
        for name, seconds in self._seconds.items():
            cost = COSTS[name]
            bars = self._time_left.begin(name)
            self._wait(seconds * cost.before)
            items = max(3, round(seconds * cost.share))
            for _ in bars.track(range(items), f"{cost.main} ...", items):
                self._wait(seconds * cost.share / items)
            self._wait(seconds * cost.after)
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


@pytest.mark.parametrize("slower", [0.4, 2.0, 5.0])
def test_the_pace_of_the_machine_shows_in_the_first_minute(slower: float) -> None:
    seconds = {name: slower * typical for name, typical in TYPICAL.items()}
    assert worst_error(SimulatedRun(seconds, TYPICAL).go()) < TOLERANCE


def test_a_film_is_foreseen_by_its_last_run() -> None:
    factors = [0.7, 1.4, 0.8, 1.0, 2.0, 0.6, 1.2, 0.9]
    earlier = {
        name: 3 * TYPICAL[name] * one for name, one in zip(STAGE_NAMES, factors, strict=True)
    }
    expected = expected_seconds(DEMO, earlier)
    assert expected == pytest.approx(earlier)
    assert worst_error(SimulatedRun(earlier, expected).go()) < 0.02


def test_a_stage_that_went_on_from_an_earlier_run_is_expected_to_cost_its_usual() -> None:
    earlier = dict(TYPICAL) | {"train": 0.1 * TYPICAL["train"]}
    assert expected_seconds(DEMO, earlier) == pytest.approx(TYPICAL)


def test_stages_without_a_record_follow_those_with_one() -> None:
    earlier = {name: 4 * TYPICAL[name] for name in STAGE_NAMES[:4]}
    expected = expected_seconds(DEMO, earlier)
    assert expected["render"] == pytest.approx(4 * TYPICAL["render"])


def test_the_items_of_a_stage_correct_its_expectation() -> None:
    """A film whose frames take three times as long to render as expected."""
    run = SimulatedRun({"render": 3 * TYPICAL["render"]}, TYPICAL)
    run.go()
    third = [(left, run.now_s - at) for at, left in run.said if at > run.now_s / 3]
    assert worst_error(third) < 0.05


def test_an_overdue_stage_still_has_the_rest_to_do() -> None:
    now_s = 0.0
    time_left = TimeLeft(["train", "render"], lambda: now_s)
    time_left.expect(TYPICAL)
    time_left.begin("train")
    now_s = 10 * TYPICAL["train"]
    assert time_left.seconds() > TYPICAL["render"]


def test_the_end_of_an_overdue_last_stage_is_near_but_not_past() -> None:
    now_s = 0.0
    time_left = TimeLeft(["deliver"], lambda: now_s)
    time_left.expect(TYPICAL)
    for _ in time_left.begin("deliver").track("abc", COSTS["deliver"].main, 3):
        now_s += TYPICAL["deliver"]
    now_s *= 2
    assert time_left.seconds() == 0.0


def test_stages_that_are_fresh_do_not_count() -> None:
    time_left = TimeLeft(STAGE_NAMES, lambda: 0.0)
    time_left.expect(TYPICAL)
    whole_s = time_left.seconds()
    time_left.leave_out("train")
    assert time_left.seconds() == pytest.approx(whole_s - TYPICAL["train"])


def test_every_stage_has_a_cost() -> None:
    assert tuple(COSTS) == STAGE_NAMES
    assert all(cost.before >= 0 and cost.after >= 0 and cost.share > 0 for cost in COSTS.values())


@pytest.mark.parametrize("stage", STAGE_NAMES)
def test_the_longest_bar_is_one_of_the_stage(stage: str) -> None:
    """A label that changes in a stage changes in `COSTS`; the first two words are in the code."""
    words = " ".join(COSTS[stage].main.split()[:2])
    files = [*(PACKAGE / stage).rglob("*.py")]
    assert any(f'"{words}' in file.read_text(encoding="utf-8") for file in files)
