"""The time that is left of a run, from what stages typically cost and from the speed of this run.

A stage is expected to cost what it cost in the last run of the film, or else what `COSTS` says.
All that is expected is multiplied by the pace of this run: seconds so far by seconds expected for
the same work. The stage that runs is also judged by the items of its longest bar.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from unfade.work.progress import Bar, Bars

Amounts = Mapping[str, float]
"""The work of a film, or seconds for it, by its units: see `unfade.pipeline.amounts`."""


@dataclass(frozen=True)
class StageCost:
    """What a stage typically costs, in wall seconds for each unit of `Amounts`.

    `bar` is how the label of its longest bar starts; `before`, `during` and `after` are the costs
    of the parts of the stage before that bar, in it and after it.
    """

    bar: str
    before: Amounts
    during: Amounts
    after: Amounts


COSTS = {
    "ingest": StageCost(
        "Reading the source",
        {"run": 1.0, "reference megapixel": 0.02},
        {"megapixel": 0.01},
        {},
    ),
    "curate": StageCost("Matching shots", {"run": 2.3}, {"shot": 0.03}, {"shot": 0.25}),
    "align": StageCost("Aligning pairs", {"run": 3.2}, {"pair": 0.21}, {}),
    "target": StageCost("Building targets", {}, {"pair megapixel": 0.1}, {"pair megapixel": 0.03}),
    "train": StageCost("Training", {"shot": 4.1}, {"thousand steps": 13.0}, {"shot": 2.4}),
    "render": StageCost("Rendering", {}, {"rendered megapixel": 0.28}, {"run": 0.1}),
    "validate": StageCost(
        "Checking rendered frames", {"pair": 0.07}, {"rendered megapixel": 0.1}, {"run": 0.8}
    ),
    "deliver": StageCost("Review movies", {"run": 0.1}, {"rendered megapixel": 0.1}, {"run": 0.5}),
}
"""Costs on two cores of the demo film: 144 frames of 1080 x 640, 6 shots, 30 pairs.

Measured by `benchmarks/time_left.py`, which prints these figures beside those of its own run, at
commit d1bd08d.
The unit of a part is what its work grows with. The pace of a run corrects what all have in common,
so that only their ratios have to be right."""

PRIOR_S = 2.0
"""Seconds of typical pace that a run starts with, so that the first moments do not decide alone:
half of the first stage of the demo film."""

SHORTEST_ITEM_S = 1e-6
"""Least seconds of an item, because a clock may not have moved between two items."""

OUTLIER_RATIO = 3.0
"""Largest ratio by which the cost of a stage in the last run may differ from what the other stages
of that run lead to expect: a run that went on from an earlier one costs far less."""


class Expected(NamedTuple):
    """Seconds that the parts of a stage are expected to take: see `StageCost`."""

    before_s: float
    during_s: float
    after_s: float

    @property
    def whole_s(self) -> float:
        """Seconds of the whole stage."""
        return sum(self)

    def times(self, factor: float) -> "Expected":
        """The same, longer by a factor."""
        return Expected(*(factor * seconds for seconds in self))


def expected_seconds(amounts: Amounts, earlier: Mapping[str, float]) -> dict[str, Expected]:
    """What each stage is expected to take.

    Args:
        amounts: the work of the film.
        earlier: wall seconds of stages in their last run, where they are known.
    """
    typical = {
        name: Expected(*(_seconds(part, amounts) for part in (one.before, one.during, one.after)))
        for name, one in COSTS.items()
    }
    ratios = {
        name: seconds / typical[name].whole_s
        for name, seconds in earlier.items()
        if typical[name].whole_s > 0
    }
    usual = median(ratios.values()) if ratios else 1.0
    return {
        name: one.times(_without_outlier(ratios.get(name, usual), usual))
        for name, one in typical.items()
    }


def _seconds(rates: Amounts, amounts: Amounts) -> float:
    return sum(rate * amounts[unit] for unit, rate in rates.items())


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
        self._expected = dict.fromkeys(COSTS, Expected(0.0, 0.0, 0.0))
        self._finished: dict[str, float] = {}
        self._running: _Running | None = None

    def expect(self, stages: Mapping[str, Expected]) -> None:
        """Sets what each stage is expected to take, which is known better after each stage."""
        self._expected = dict(stages)

    def begin(self, stage: str) -> Bars:
        """Ends the stage that runs, and starts another.

        Returns:
            The bars to count the items of the stage with.
        """
        now = self._now()
        if self._running is not None:
            spent = {self._running.name: now - self._running.started_s}
            self._finished = self._finished | spent
        self._running = _Running(stage, now, Bars(self._now))
        self.leave_out(stage)
        return self._running.bars

    def leave_out(self, stage: str) -> None:
        """Takes a stage from those that are to run later."""
        self._later = tuple(name for name in self._later if name != stage)

    def seconds(self) -> float:
        """Estimated seconds until the end of the run."""
        expected, running, now = self._expected, self._running, self._now()
        finished, later = self._finished, self._later
        spent_s = PRIOR_S + sum(finished.values())
        done_s = PRIOR_S + sum(expected[name].whole_s for name in finished)
        left_s = 0.0
        if running is not None:
            part = _StageClock(running, expected[running.name], now)
            done_s += part.done_s(spent_s / done_s)
            spent_s += now - running.started_s
            left_s = part.left_s(spent_s / done_s)
        return left_s + spent_s / done_s * sum(expected[name].whole_s for name in later)


@dataclass(frozen=True)
class _Running:
    """The stage that runs, when it started, and its bars."""

    name: str
    started_s: float
    bars: Bars

    def longest_bar(self) -> Bar | None:
        """Its longest bar, once it has started."""
        label = COSTS[self.name].bar
        return next((bar for bar in self.bars.all if bar.label.startswith(label)), None)


@dataclass(frozen=True)
class _StageClock:
    """How far the stage that runs is at the time `now_s`."""

    running: _Running
    expected: Expected
    now_s: float

    def done_s(self, pace: float) -> float:
        """Seconds expected for the work that is done, as far as time or items show it."""
        before_s, during_s, after_s = self.expected
        bar = self.running.longest_bar()
        if bar is None:
            return min((self.now_s - self.running.started_s) / pace, before_s)
        if bar.is_open:
            return before_s + self._part_done(bar, during_s * pace) * during_s
        return before_s + during_s + min((self.now_s - bar.last_s) / pace, after_s)

    def left_s(self, pace: float) -> float:
        """Seconds that are left of the stage."""
        before_s, during_s, after_s = self.expected.times(pace)
        longest, open_bar = self.running.longest_bar(), self.running.bars.innermost()
        bar_s = 0.0 if open_bar is None else self._left_of_bar(open_bar)
        if longest is None:
            elapsed_s = self.now_s - self.running.started_s
            return max(before_s - elapsed_s, bar_s) + during_s + after_s
        if not longest.is_open:
            return max(after_s - (self.now_s - longest.last_s), bar_s, 0.0)
        by_expectation_s = (1.0 - self._part_done(longest, during_s)) * during_s
        # Items count the more, the more of them there are.
        weight = longest.done / (longest.done + 1)
        by_items_s = self._left_of_bar(longest)
        return weight * by_items_s + (1.0 - weight) * by_expectation_s + after_s

    def _part_done(self, bar: Bar, expected_s: float) -> float:
        """The part of a bar, 0 to 1, that is done; of the item at work, by the time it takes."""
        total = max(bar.total, bar.done + 1)
        item_s = (bar.last_s - bar.started_s) / bar.done if bar.done else expected_s / total
        at_work = min((self.now_s - bar.last_s) / max(item_s, SHORTEST_ITEM_S), 1.0)
        return (bar.done + at_work) / total

    def _left_of_bar(self, bar: Bar) -> float:
        """Seconds until the end of a bar at the speed of its own items; 0 before the first."""
        if not bar.done:
            return 0.0
        item_s = (bar.last_s - bar.started_s) / bar.done
        at_work_s = min(self.now_s - bar.last_s, item_s)
        return max(item_s * (bar.total - bar.done) - at_work_s, 0.0)
