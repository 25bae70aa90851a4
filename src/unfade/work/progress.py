"""The interface of progress displays."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

Item = TypeVar("Item")


class Progress(Protocol):
    """Shows a person how far the work is."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`, and counts them on a bar with a label.

        `total` is the number of items; it may be an estimate, and is 0 if it is unknown.
        """
        ...

    def say(self, message: str) -> None:
        """Prints a line that stays."""
        ...


@dataclass(frozen=True)
class RunningStage:
    """The stage that a run works on: its number from 1, the number of all stages, and its name.

    `time_left_s` estimates the seconds that are left of the whole run, at any time and from any
    thread.
    """

    number: int
    count: int
    name: str
    time_left_s: Callable[[], float]


@runtime_checkable
class RunProgress(Progress, Protocol):
    """A `Progress` that also shows which stage a run works on, and the time left."""

    def enter_stage(self, stage: RunningStage) -> None:
        """Shows a stage, until the next one or the end of the run."""
        ...


Track = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""The type of `Progress.track`, for functions that show progress but print nothing."""


def untracked(items: Iterable[Any], label: str, total: int) -> Iterator[Any]:
    """A `Track` that shows nothing."""
    return iter(items)


class SilentProgress:
    """A `Progress` that shows nothing."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`."""
        return iter(items)

    def say(self, message: str) -> None:
        """Prints nothing."""


@dataclass(eq=False)
class Bar:
    """The items of one iteration: `done` of `total` (0 if unknown) are finished.

    `started_s` and `last_s` are the times of the start and of the last finished item, by the clock
    of its `Bars`. `is_open` is false when the iteration has ended.
    """

    label: str
    total: int
    started_s: float
    last_s: float
    done: int = 0
    is_open: bool = True


class Bars:
    """Counts the items of iterations. `all` are the bars so far, in the order of their starts."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            now: a clock that never goes back, in seconds.
        """
        self.all: list[Bar] = []
        self._now = now

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`, and counts each when the next one is asked for."""
        bar = Bar(label, total, self._now(), self._now())
        self.all.append(bar)
        try:
            for item in items:
                yield item
                bar.done, bar.last_s = bar.done + 1, self._now()
        finally:
            bar.is_open = False
            bar.last_s = self._now()

    def innermost(self) -> Bar | None:
        """The open bar that started last; None if none is open."""
        return next((bar for bar in reversed(self.all) if bar.is_open), None)
