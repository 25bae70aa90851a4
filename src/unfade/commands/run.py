"""The verbs that run stages: demo, run, status, and one verb for each stage."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from unfade.commands.console import SilentProgress, plain_table, progress, show
from unfade.commands.parameters import NewFolder, ProjectFile, Quiet
from unfade.errors import ProjectError
from unfade.film.report import Report
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project
from unfade.project.settings import MAX_SEED
from unfade.work.job import STAGE_NAMES, Job


def demo(
    folder: NewFolder = Path("demo"),
    severity: Annotated[str, typer.Option(help="mild, medium or hard.")] = "medium",
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="The same seed makes the same film.")
    ] = 0,
    quiet: Quiet = False,
) -> None:
    """Make a small faded film with its DVD, and recover it."""
    from unfade.simulate.demo import make_demo

    project_file = make_demo(folder, severity=severity, seed=seed, progress=progress(quiet))
    _run(load_job(project_file, quiet), None, None)


def run(
    project_file: ProjectFile,
    first: Annotated[
        str | None, typer.Option("--from", metavar="STAGE", help="Run again from this stage on.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="STAGE", help="Stop after this stage.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run every stage that is not fresh."""
    for name in (first, last):
        if name is not None and name not in STAGE_NAMES:
            raise ProjectError(
                f"there is no stage '{name}'; the stages are {', '.join(STAGE_NAMES)}"
            )
    _run(load_job(project_file, quiet), first, last)


def status(project_file: ProjectFile) -> None:
    """Show which stages are fresh, stale or missing, and why."""
    table = plain_table("stage", "state", "why")
    for stage, freshness in pipeline.status(load_job(project_file, quiet=True)):
        table.add_row(stage.name, freshness.state, freshness.reason)
    show(table)


def stage_verb(stage: pipeline.Stage) -> Callable[..., None]:
    """The verb that runs one stage, whether or not it is fresh."""

    def verb(project_file: ProjectFile, quiet: Quiet = False) -> None:
        _run(load_job(project_file, quiet), stage.name, stage.name)

    return verb


def load_job(project_file: Path, quiet: bool) -> Job:
    """The job of a project file, whose folder is the work directory."""
    return Job(load_project(project_file), project_file.absolute().parent, progress(quiet))


def _run(job: Job, first: str | None, last: str | None) -> None:
    done = pipeline.run(job, first, last)
    if not done:
        job.progress.say("Everything is fresh; there was nothing to do.")
    if "validate" in done or (not done and last in (None, "validate", "deliver")):
        _show_verdict(job)


def _show_verdict(job: Job) -> None:
    """Prints the verdict and its reasons, after a table of the measures unless `--quiet`."""
    report = job.load(Report)
    if not isinstance(job.progress, SilentProgress):
        _show_measures(report)
    print(f"verdict: {report.verdict}")
    for reason in report.reasons:
        print(f"  {reason}")
    print(f"report: {(job.root / Report.PATH).with_suffix('.html')}")


def _show_measures(report: Report) -> None:
    table = plain_table("measure", "value", "limit", "")
    for measure in report.measures:
        limit = "" if measure.limit is None else f"{measure.limit:.4g}"
        passed = {None: "", True: "ok", False: "not met"}[measure.ok]
        table.add_row(measure.name, f"{measure.value:.4g} {measure.unit}", limit, passed)
    show(table)
