"""What the clock of a run says of the time left, and what was true.

Runs the demo film in this process, from an empty folder, with a display that writes down the time
left twice a second. Prints what it said every 30 s, and of each stage what `COSTS` expects, what it
took, in parts before, in and after its longest bar: the figures from which `COSTS` is set.
The longest gap between two samples is the longest time for which a display could not be drawn.

    python benchmarks/time_left.py [--folder DIR] [--severity medium] [--seed 0]
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from unfade.commands.runtime import configure_process

configure_process()

from measures import circumstances, table  # noqa: E402

from unfade import api  # noqa: E402
from unfade.pipeline.amounts import amounts_of  # noqa: E402
from unfade.pipeline.time_left import COSTS, Expected, expected_seconds  # noqa: E402
from unfade.simulate.demo import make_demo  # noqa: E402
from unfade.work.job import Job  # noqa: E402
from unfade.work.progress import Bars, Item, RunningStage, SilentProgress  # noqa: E402

SAMPLING_S = 0.5
"""Seconds between two samples, as between two redraws on a terminal."""
STEP_S = 30
"""Seconds between two rows of the table."""


@dataclass(frozen=True)
class Sample:
    """What was said at a moment: seconds since the start, the stage, and seconds left."""

    at_s: float
    stage: str
    left_s: float | None


@dataclass
class StageTimes:
    """Start of a stage, in seconds since the start of the run, and its bars."""

    name: str
    started_s: float
    bars: Bars


@dataclass
class ClockProgress(SilentProgress):
    """A progress that writes down stages, their bars, and what is said of the time left."""

    started_s: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    stages: list[StageTimes] = field(default_factory=list)
    stage: RunningStage | None = None
    bars: Bars = field(default_factory=Bars)

    def enter_stage(self, stage: RunningStage) -> None:
        """Notes the start of a stage."""
        self.stage, self.bars = stage, Bars()
        self.stages.append(StageTimes(stage.name, self.seconds(), self.bars))

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`, and counts them."""
        return self.bars.track(items, label, total)

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started_s

    def sample_until(self, finished: threading.Event) -> None:
        """Takes samples until the run has finished."""
        while not finished.wait(SAMPLING_S):
            stage = self.stage
            left_s = stage.time_left_s() if stage else None
            self.samples.append(Sample(self.seconds(), stage.name if stage else "", left_s))


def main() -> None:
    """Prints the tables."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        progress, finished = ClockProgress(), threading.Event()
        sampler = threading.Thread(target=progress.sample_until, args=[finished])
        sampler.start()
        try:
            path = make_demo(
                Path(name) / "film", severity=options.severity, seed=options.seed, progress=progress
            )
            film = api.open(path)
            film.run(progress=progress)
        finally:
            finished.set()
            sampler.join()
        end_s = progress.seconds()
        typical = expected_seconds(amounts_of(Job(film.project, film.folder, progress)), {})
    print(f"{circumstances()}; {options.severity}, seed {options.seed}, {end_s:.0f} s\n")
    print(_said_table(progress.samples, end_s))
    print(f"\n{_stage_table(progress, typical, end_s)}")
    gaps = [after.at_s - before.at_s for before, after in pairwise(progress.samples)]
    print(f"\nlongest gap between two samples: {max(gaps):.1f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--severity", default="medium")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _said_table(samples: Sequence[Sample], end_s: float) -> str:
    rows, next_s = [], float(STEP_S)
    for sample in samples:
        if sample.at_s < next_s:
            continue
        next_s += STEP_S
        true_s = end_s - sample.at_s
        said = "" if sample.left_s is None else f"{sample.left_s:.0f}"
        error = "" if sample.left_s is None else f"{sample.left_s / true_s - 1:+.0%}"
        rows.append([f"{sample.at_s:.0f}", sample.stage, said, f"{true_s:.0f}", error])
    return table(("at, s", "stage", "said, s", "true, s", "error"), rows)


def _stage_table(progress: ClockProgress, typical: Mapping[str, Expected], end_s: float) -> str:
    ends_s = [*(one.started_s for one in progress.stages[1:]), end_s]
    rows = []
    for stage, stage_end_s in zip(progress.stages, ends_s, strict=True):
        seconds, label = stage_end_s - stage.started_s, COSTS[stage.name].bar
        bar = next((bar for bar in stage.bars.all if bar.label.startswith(label)), None)
        took = ["", "", ""]
        if bar is not None:
            before_s = bar.started_s - progress.started_s - stage.started_s
            during_s = bar.last_s - bar.started_s
            parts = (before_s, during_s, seconds - before_s - during_s)
            took = [f"{part:.1f}" for part in parts]
        expected = [f"{part:.1f}" for part in typical[stage.name]]
        pairs = [f"{one} / {other}" for one, other in zip(expected, took, strict=True)]
        rows.append([stage.name, f"{typical[stage.name].whole_s:.1f} / {seconds:.1f}", *pairs])
    head = ("expected / took, s", "whole", "before the longest bar", "longest bar", "after it")
    return table(head, rows)


if __name__ == "__main__":
    main()
