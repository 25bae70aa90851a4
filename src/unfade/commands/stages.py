"""Runs stages and prints the verdict; prints which stages are fresh."""

import math
from pathlib import Path

from unfade import api
from unfade.commands.console import progress, tell
from unfade.commands.display import duration
from unfade.commands.terminal import plain_table, show
from unfade.film.report import Report
from unfade.film.time import FrameRange
from unfade.improve.snapshot import open_round
from unfade.pipeline.stages import check_stages
from unfade.work.progress import Progress

OPEN_ROUND = (
    "a round of improvement was interrupted: film.toml holds its pairs; the next 'unfade improve' "
    "undoes it, with all that is run until then"
)


def run(
    project_file: Path,
    first: str | None,
    last: str | None,
    quiet: bool,
    events: bool = False,
    workers: int | None = None,
    cluster: str | None = None,
) -> None:
    """Runs the stages from `first` to `last` that are not fresh, and prints the verdict.

    Raises:
        UnfadeError: the project cannot be used, or a stage failed.
    """
    check_stages(first, last)
    film = api.open(project_file)
    with progress(quiet, events) as display:
        done = run_film(film, first, last, display, workers, cluster)
    if "validate" in done or (not done and last in (None, "validate", "deliver")):
        show_verdict(film, quiet or events)


def run_film(
    film: api.Film,
    first: str | None,
    last: str | None,
    display: Progress,
    workers: int | None = None,
    cluster: str | None = None,
) -> list[str]:
    """Runs the stages from `first` to `last` that are not fresh, as `api.Film.run` does. Returns
    their names.

    Raises:
        UnfadeError: a stage failed.
    """
    if open_round(film.folder):
        display.say(OPEN_ROUND)
    done = film.run(first=first, last=last, progress=display, workers=workers, cluster=cluster)
    if not done:
        display.say("everything is fresh; there was nothing to do")
    return done


def render_frames(project_file: Path, frames: FrameRange, quiet: bool, events: bool) -> None:
    """Renders a range of frames.

    Raises:
        UnfadeError: the project cannot be used, an earlier stage is not fresh, or another process
            renders some of the frames.
    """
    film = api.open(project_file)
    with progress(quiet, events) as display:
        count = film.render_frames(frames.first, frames.last, progress=display)
        if not count:
            display.say("everything is fresh; there was nothing to do")


def show_status(project_file: Path) -> None:
    """Prints a table of the stages: fresh, stale or missing, what the last run cost, and why."""
    table = plain_table("stage", "state", "time", "cores busy", "why")
    film = api.open(project_file)
    stages = film.status()
    for stage in stages:
        cores = f"{stage.cpu_s / stage.wall_s:.1f}" if stage.wall_s and stage.cpu_s else ""
        table.add_row(stage.name, stage.state, _time(stage.wall_s), cores, stage.reason)
    show(table)
    if open_round(film.folder):
        tell(OPEN_ROUND)
    if any(stage.name == "render" and stage.state == "fresh" for stage in stages):
        tell(film.decision)


def _time(seconds: float | None) -> str:
    """Seconds as "h:mm:ss", rounded up; nothing for None."""
    return "" if seconds is None else duration(math.ceil(seconds))


def show_verdict(film: api.Film, quiet: bool) -> None:
    """Prints the verdict and its reasons, after a table of the measures unless `quiet`."""
    report = film.report
    if not quiet:
        _show_measures(report)
    tell(f"verdict: {report.verdict}")
    for reason in report.reasons:
        tell(f"  {reason}")
    tell(f"report: {(film.folder / Report.PATH).with_suffix('.html')}")


def _show_measures(report: Report) -> None:
    table = plain_table("measure", "value", "limit", "")
    for measure in report.measures:
        limit = "" if measure.limit is None else f"{measure.limit:.4g}"
        passed = {None: "", True: "ok", False: "not met"}[measure.ok]
        table.add_row(measure.name, f"{measure.value:.4g} {measure.unit}", limit, passed)
    show(table)
