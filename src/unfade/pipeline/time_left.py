"""The time that is left of a run, from what stages typically cost and from the speed of this run.

A stage is expected to cost what it cost in the last run of the film, or else what `COSTS` says.
All that is expected is multiplied by the pace of this run: seconds so far by seconds expected for
the same work. The stage that runs is also judged by the items of its longest bar.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from unfade.work.progress import Bar, Bars

Amounts = Mapping[str, float]
"""The work of a film, by its units: see `unfade.pipeline.amounts`."""


@dataclass(frozen=True)
class StageCost:
    """What a stage typically costs.

    `seconds` are wall seconds for each unit of `Amounts`. `main` is how the label of its longest
    bar starts. `before` and `after` are the shares of the stage, 0 to 1, before and after that bar.
    """

    seconds: Mapping[str, float]
    main: str
    before: float
    after: float

    @property
    def share(self) -> float:
        """The share of the longest bar."""
        return 1.0 - self.before - self.after


COSTS = {
    "ingest": StageCost(
        {"run": 1.0, "reference megapixel": 0.02, "megapixel": 0.02},
        "Reading the source",
        0.7,
        0.05,
    ),
    "curate": StageCost({"run": 1.0, "shot": 0.8}, "Matching shots", 0.3, 0.2),
    "align": StageCost({"run": 2.0, "pair": 0.35}, "Aligning pairs", 0.3, 0.05),
    "target": StageCost({"pair megapixel": 0.3, "run": 1.0}, "Building targets", 0.3, 0.3),
    "train": StageCost({"run": 50.0, "shot": 20.0, "thousand steps": 30.0}, "Training", 0.6, 0.1),
    "render": StageCost({"run": 1.0, "rendered megapixel": 1.0}, "Rendering", 0.02, 0.02),
    "validate": StageCost(
        {"run": 3.0, "rendered megapixel": 0.23}, "Checking rendered frames", 0.2, 0.1
    ),
    "deliver": StageCost({"run": 1.0, "rendered megapixel": 0.13}, "Review movies", 0.05, 0.1),
}
"""TBD"""

PRIOR_S = 2.0
"""Seconds of typical pace that a run starts with, so that the first moments do not decide alone:
half of the first stage of the demo film."""

OUTLIER_RATIO = 3.0
"""Largest ratio by which the cost of a stage in the last run may differ from what the other stages
of that run lead to expect: a run that went on from an earlier one costs far less."""


def expected_seconds(amounts: Amounts, earlier: Mapping[str, float]) -> dict[str, float]:
    """Seconds that each stage is expected to cost.

    Args:
        amounts: the work of the film.
        earlier: wall seconds of stages in their last run, where they are known.
    """
    typical = {
        name: sum(rate * amounts[unit] for unit, rate in cost.seconds.items())
        for name, cost in COSTS.items()
    }
    ratios = {name: seconds / typical[name] for name, seconds in earlier.items()}
    usual = median(ratios.values()) if ratios else 1.0
    return {
        name: seconds * _without_outlier(ratios.get(name, usual), usual)
        for name, seconds in typical.items()
    }


def _without_outlier(ratio: float, usual: float) -> float:
    return ratio if usual / OUTLIER_RATIO < ratio < usual * OUTLIER_RATIO else usual


class TimeLeft:
    """The clock of one run."""

    def __init__(self, stages: Sequence[str], now: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            stages: names of the stages that are to run.
            now: a clock that never goes back, in seconds.
        """
        self._later = tuple(stages)
        self._now = now
        self._expected = dict.fromkeys(COSTS, 0.0)
        self._finished: dict[str, float] = {}
        self._running: _Running | None = None

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Sets what each stage is expected to cost, which is known better after each stage."""
        self._expected = dict(seconds)

    def begin(self, stage: str) -> Bars:
        """Ends the stage that runs, and starts another.

        Returns:
            The bars to count the items of the stage with.
        """
        now = self._now()
        if self._running is not None:
            self._finished[self._running.name] = now - self._running.started_s
        self._running = _Running(stage, now, Bars(self._now))
        self.leave_out(stage)
        return self._running.bars

    def leave_out(self, stage: str) -> None:
        """Takes a stage from those that are to run later."""
        self._later = tuple(name for name in self._later if name != stage)

    def seconds(self) -> float:
        """Estimated seconds until the end of the run."""
        expected, running, now = self._expected, self._running, self._now()
        spent_s = PRIOR_S + sum(self._finished.values())
        done_s = PRIOR_S + sum(expected[name] for name in self._finished)
        left_s = 0.0
        if running is not None:
            part = _Estimate(COSTS[running.name], expected[running.name], running, now)
            done_s += part.done_s(spent_s / done_s)
            spent_s += now - running.started_s
            left_s = part.left_s(spent_s / done_s)
        return left_s + spent_s / done_s * sum(expected[name] for name in self._later)


@dataclass(frozen=True)
class _Running:
    """The stage that runs, when it started, and its bars."""

    name: str
    started_s: float
    bars: Bars


@dataclass(frozen=True)
class _Estimate:
    """How far the stage that runs is, at the time `now_s`; it is `expected_s` long at pace 1."""

    cost: StageCost
    expected_s: float
    running: _Running
    now_s: float

    def done_s(self, pace: float) -> float:
        """Seconds expected for the work that is done, as far as time or items show it."""
        before_s, main_s, after_s = self._parts()
        main = self._main_bar()
        if main is None:
            return min((self.now_s - self.running.started_s) / pace, before_s)
        if main.is_open:
            return before_s + self._part_done(main, main_s * pace) * main_s
        return before_s + main_s + min((self.now_s - main.last_s) / pace, after_s)

    def left_s(self, pace: float) -> float:
        """Seconds that are left of the stage."""
        before_s, main_s, after_s = (seconds * pace for seconds in self._parts())
        main, bar = self._main_bar(), self.running.bars.innermost()
        bar_s = 0.0 if bar is None else self._left_of_bar(bar)
        if main is None:
            elapsed_s = self.now_s - self.running.started_s
            return max(before_s - elapsed_s, bar_s) + main_s + after_s
        if not main.is_open:
            return max(after_s - (self.now_s - main.last_s), bar_s, 0.0)
        by_expectation_s = (1.0 - self._part_done(main, main_s)) * main_s
        # Items count the more, the more of them there are.
        weight = main.done / (main.done + 1)
        return weight * self._left_of_bar(main) + (1.0 - weight) * by_expectation_s + after_s

    def _parts(self) -> tuple[float, float, float]:
        """Seconds expected before, in and after the longest bar, at pace 1."""
        shares = (self.cost.before, self.cost.share, self.cost.after)
        before_s, main_s, after_s = (share * self.expected_s for share in shares)
        return before_s, main_s, after_s

    def _main_bar(self) -> Bar | None:
        return next(
            (bar for bar in self.running.bars.all if bar.label.startswith(self.cost.main)), None
        )

    def _part_done(self, bar: Bar, expected_s: float) -> float:
        """The part of a bar, 0 to 1, that is done; of the item at work, by the time it takes."""
        total = max(bar.total, bar.done + 1)
        item_s = (bar.last_s - bar.started_s) / bar.done if bar.done else expected_s / total
        item_part = min((self.now_s - bar.last_s) / max(item_s, 1e-6), 1.0)
        return (bar.done + item_part) / total

    def _left_of_bar(self, bar: Bar) -> float:
        """Seconds until the end of a bar at the speed of its own items; 0 before the first."""
        if not bar.done:
            return 0.0
        item_s = (bar.last_s - bar.started_s) / bar.done
        at_work_s = min(self.now_s - bar.last_s, item_s)
        return max(item_s * (bar.total - bar.done) - at_work_s, 0.0)
