"""Watches a run for its clock, and passes its progress on to the display."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from unfade.film.stage_names import STAGE_NAMES, folder_name
from unfade.pipeline.amounts import amounts_of
from unfade.pipeline.freshness import receipt_in
from unfade.pipeline.stages import STAGES, Stage
from unfade.pipeline.time_left import TimeLeft, expected_seconds
from unfade.work.job import Job
from unfade.work.progress import Bars, Item, Progress, RunningStage, RunProgress


class WatchedProgress:
    """The `Progress` of a run: it counts what stages track, and shows it on another progress."""

    def __init__(self, shown: Progress, stages: Sequence[Stage]) -> None:
        """
        Args:
            shown: what a person sees.
            stages: the stages that may run.
        """
        self.time_left = TimeLeft([stage.name for stage in stages])
        self._shown = shown
        self._bars = Bars()
        self._earlier_s: dict[str, float] | None = None

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`, counts them, and shows them on a bar."""
        return self._bars.track(self._shown.track(items, label, total), label, total)

    def say(self, message: str) -> None:
        """Prints a line that stays."""
        self._shown.say(message)

    def enter(self, stage: Stage, job: Job) -> None:
        """Shows a stage that begins."""
        if self._earlier_s is None:
            self._earlier_s = _earlier_seconds(job)
        self.time_left.expect(expected_seconds(amounts_of(job), self._earlier_s))
        self._bars = self.time_left.begin(stage.name)
        number, count = STAGE_NAMES.index(stage.name) + 1, len(STAGES)
        self.say(f"{number}/{count} {stage.name}: {stage.description.lower()}")
        if isinstance(self._shown, RunProgress):
            self._shown.enter_stage(RunningStage(number, count, stage.name, self.time_left.seconds))


def _earlier_seconds(job: Job) -> dict[str, float]:
    """Wall seconds of the stages in their last run, where the same code has recorded them."""
    seconds = {}
    for stage in STAGES:
        with suppress(OSError, ValueError):
            receipt = receipt_in(job.root / folder_name(stage.name))
            if receipt.cost is not None and receipt.revision == stage.revision:
                seconds[stage.name] = receipt.cost.wall_s
    return seconds
