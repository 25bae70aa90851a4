"""Runs stages and prints the verdict; prints which stages are fresh."""

from pathlib import Path

from unfade.commands.console import progress
from unfade.commands.terminal import plain_table, show
from unfade.errors import ProjectError
from unfade.film.report import Report
from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project
from unfade.work.job import Job


def run(project_file: Path, first: str | None, last: str | None, quiet: bool) -> None:
    """Runs the stages from `first` to `last` that are not fresh, and prints the verdict.

    Raises:
        ProjectError: there is no such stage.
        UnfadeError: a stage failed.
    """
    for name in (first, last):
        if name is not None and name not in STAGE_NAMES:
            raise ProjectError(
                f"there is no stage '{name}'; the stages are {', '.join(STAGE_NAMES)}"
            )
    job = _load_job(project_file, quiet)
    done = pipeline.run(job, first, last)
    if not done:
        job.progress.say("Everything is fresh; there was nothing to do.")
    if "validate" in done or (not done and last in (None, "validate", "deliver")):
        _show_verdict(job, quiet)


def show_status(project_file: Path) -> None:
    """Prints a table of the stages: fresh, stale or missing, and why."""
    table = plain_table("stage", "state", "why")
    for stage, freshness in pipeline.status(_load_job(project_file, quiet=True)):
        table.add_row(stage.name, freshness.state, freshness.reason)
    show(table)


def _load_job(project_file: Path, quiet: bool) -> Job:
    """The job of a project file, whose folder is the work directory."""
    return Job(load_project(project_file), project_file.absolute().parent, progress(quiet))


def _show_verdict(job: Job, quiet: bool) -> None:
    """Prints the verdict and its reasons, after a table of the measures unless `quiet`."""
    report = job.load(Report)
    if not quiet:
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
