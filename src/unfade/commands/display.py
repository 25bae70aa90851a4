"""What displays of a run have in common: the stage, the open bar, the time so far and left."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from unfade.film.stage_names import STAGE_TASKS
from unfade.work.progress import Bar, Bars, Item, RunningStage


class RunDisplay:
    """Keeps what a run does; displays show it while they are open."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            now: a clock that never goes back, in seconds.
        """
        self._now = now
        self._started_s = now()
        self._stage: RunningStage | None = None
        self._bars = Bars(now)

    def enter_stage(self, stage: RunningStage) -> None:
        """Shows a stage, until the next one."""
        self._stage, self._bars = stage, Bars(self._now)

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`, and counts them."""
        return self._bars.track(items, label, total)

    def stage_in_words(self) -> str:
        """Such as "stage 5 of 8, train"; empty before the first stage."""
        stage = self._stage
        return f"stage {stage.number} of {stage.count}, {stage.name}" if stage else ""

    def task(self) -> str:
        """What the stage does, such as "train the film's model"; empty before the first stage."""
        return STAGE_TASKS[self._stage.name].lower() if self._stage else ""

    def time_in_words(self) -> str:
        """Such as "0:02:10 so far, about 4 min left"."""
        elapsed = f"{duration(self._now() - self._started_s)} so far"
        return f"{elapsed}, {left_in_words(self._stage.time_left_s())}" if self._stage else elapsed

    def bar(self) -> Bar | None:
        """The innermost open bar; None if there is none."""
        return self._bars.innermost()


def duration(seconds: float) -> str:
    """Seconds as "h:mm:ss"."""
    return str(timedelta(seconds=math.floor(seconds)))


def count_in_words(bar: Bar) -> str:
    """Such as "12 of 102"; a question mark stands for a total that is unknown."""
    return f"{bar.done} of {bar.total or '?'}"


def left_in_words(seconds: float) -> str:
    """The time left, as fine as the estimate: to 10 s, from 10 min to 1 min, from 2 h to 10 min."""
    if seconds < 15:
        return "a few seconds left"
    step = 10 if seconds < 600 else 60 if seconds < 7200 else 600
    minutes, rest = divmod(round(seconds / step) * step, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return f"about {' '.join(f'{value} {unit}' for value, unit in parts if value)} left"
