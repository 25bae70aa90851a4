"""The command line: one verb a stage, and demo, new, run, status, pairs, merge."""

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from unfade.commands import pairs
from unfade.commands.console import Silence, plain_table, progress, show, show_all_names
from unfade.commands.failures import STOPPED, OneLine, check_output
from unfade.commands.failures import UNUSABLE as UNUSABLE
from unfade.commands.runtime import settle
from unfade.errors import ProjectError
from unfade.film.file_pattern import check_utf8
from unfade.film.report import Report
from unfade.pipeline import run as pipeline
from unfade.project.file import folder_place, load_project, section_of_options
from unfade.project.settings import GREATEST_SEED, ClipSection, RenderSection
from unfade.work.job import STAGE_NAMES, Job, folder_name

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(pairs.app, name="pairs")

ProjectFile = pairs.ProjectFile
NewFolder = Annotated[
    Path,
    typer.Argument(parser=folder_place, metavar="FOLDER", help="The folder to make."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only the verdict and errors.")]


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"unfade {metadata.version('unfade')}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_tell_version, help="Say which version this is."
        ),
    ] = False,
) -> None:
    """Gives faded colour film its colour back, from a better-coloured copy."""


@app.command()
def demo(
    folder: NewFolder = Path("demo"),
    severity: Annotated[str, typer.Option(help="mild, medium or hard.")] = "medium",
    seed: Annotated[
        int, typer.Option(min=0, max=GREATEST_SEED, help="The same seed makes the same film.")
    ] = 0,
    quiet: Quiet = False,
) -> None:
    """Make a small faded film with its DVD, and recover it."""
    from unfade.simulate.demo import make_demo

    project_file = make_demo(folder, severity=severity, seed=seed, progress=progress(quiet))
    _run(_job(project_file, quiet), None, None)


def _too_many(extra: list[str]) -> str:
    """What is wrong with arguments that nobody asked for."""
    from unfade.media import sequence_around

    sequence = sequence_around(extra[0]) if os.path.isfile(extra[0]) else None
    if sequence is None:
        return f"'{extra[0]}' is one argument too many; see 'unfade new --help'"
    return f"{extra[0]}: is one of several files; name the sequence, in quotes: '{sequence}'"


@app.command(context_settings={"allow_extra_args": True})
def new(
    context: typer.Context,
    folder: NewFolder,
    source: Annotated[str, typer.Option(help="The scan: a movie, or reel.%06d.dpx.")],
    reference: Annotated[
        list[str] | None, typer.Option(help="A copy with good colour; as often as there are any.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The film's title.")] = None,
) -> None:
    """Look at a scan and its references, and write a film.toml for them."""
    from unfade.commands.new_project import write_project
    from unfade.media import use_config
    from unfade.project.color_config import color_config

    use_config(color_config())
    if extra := context.args:
        raise ProjectError(_too_many(extra))
    title = title or folder.absolute().name
    made = write_project(folder, source, reference or [], title, progress(quiet=False))
    place, keys = made.place, made.to_fill_in
    if keys:
        are = "is" if len(keys) == 1 else "are"
        raise ProjectError(
            f"{place}: written, but {' and '.join(keys)} {are} to be filled in, because the files "
            f"do not say it; then: unfade run {place}"
        )
    if reference:
        print(f"{place}: written; look it over, then: unfade run {place}")
        return
    print(
        f"{place}: written; it names nothing to take colour from yet: add a [reference], or paint "
        f"frames that 'unfade pairs export {place} FRAME' writes"
    )


@app.command()
def merge(
    original: Annotated[str, typer.Argument(help="The scan: a movie, or reel.%06d.dpx.")],
    recovered: Annotated[
        str, typer.Argument(help="The same frames in colour; also a folder of shots.")
    ],
    out: Annotated[
        Path,
        typer.Option(parser=folder_place, metavar="FOLDER", help="A new folder for the masters."),
    ],
    colorspace: Annotated[str, typer.Option(help="Of the masters.")] = "ACES2065-1",
    original_colorspace: Annotated[str, typer.Option(help="Of the scan.")] = "auto",
    recovered_colorspace: Annotated[str, typer.Option(help="Of the version in colour.")] = "auto",
    first: Annotated[int | None, typer.Option(help="The first frame, as the scan counts.")] = None,
    last: Annotated[int | None, typer.Option(help="The last frame.")] = None,
    quiet: Quiet = False,
) -> None:
    """Put the colour of a version rendered elsewhere on the luma of the original."""
    from unfade.media import use_config
    from unfade.merge.merge import merge as merge_clips
    from unfade.project.color_config import color_config

    ours, theirs = (
        {"path": name, "colorspace": f"--{name.lower()}-colorspace"}
        for name in ("ORIGINAL", "RECOVERED")
    )
    scan = section_of_options(
        ClipSection,
        ours | {"first": "--first", "last": "--last"},
        path=original,
        colorspace=original_colorspace,
        first=first,
        last=last,
    )
    coloured = section_of_options(
        ClipSection, theirs, path=recovered, colorspace=recovered_colorspace
    )
    settings = section_of_options(
        RenderSection, {"colorspace": "--colorspace"}, colorspace=colorspace
    )
    use_config(color_config())
    masters = merge_clips(scan, coloured, out, settings, progress(quiet))
    print(f"{out}: {len(masters)} masters written")


@app.command()
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
    _run(_job(project_file, quiet), first, last)


@app.command()
def status(project_file: ProjectFile) -> None:
    """Say which stages are fresh, stale or missing, and why."""
    table = plain_table("stage", "state", "why")
    for stage, found in pipeline.status(_job(project_file, quiet=True)):
        table.add_row(stage.name, found.state, found.why)
    show(table)


def _add_verb(stage: pipeline.Stage) -> None:
    def verb(project_file: ProjectFile, quiet: Quiet = False) -> None:
        _run(_job(project_file, quiet), stage.name, stage.name)

    app.command(stage.name, help=f"{stage.does} (stage {folder_name(stage.name)}).")(verb)


for _stage in pipeline.STAGES:
    _add_verb(_stage)


def _run(job: Job, first: str | None, last: str | None) -> None:
    done = pipeline.run(job, first, last)
    if not done:
        job.progress.say("Everything is fresh; there was nothing to do.")
    if "validate" in done or (not done and last in (None, "validate", "deliver")):
        _show_verdict(job)


def _show_verdict(job: Job) -> None:
    """The verdict, and unless quiet the figures that it rests on."""
    report = job.load(Report)
    if not isinstance(job.progress, Silence):
        _show_measures(report)
    print(f"verdict: {report.verdict}")
    for reason in report.reasons:
        print(f"  {reason}")
    print(f"report: {(job.root / Report.PLACE).with_suffix('.html')}")


def _show_measures(report: Report) -> None:
    table = plain_table("measure", "value", "limit", "")
    for measure in report.measures:
        limit = "" if measure.limit is None else f"{measure.limit:.4g}"
        passed = {None: "", True: "ok", False: "not met"}[measure.ok]
        table.add_row(measure.name, f"{measure.value:.4g} {measure.unit}", limit, passed)
    show(table)


def _job(project_file: Path, quiet: bool) -> Job:
    return Job(load_project(project_file), project_file.absolute().parent, progress(quiet))


def main() -> None:
    """Runs a command; whatever ends it before its time is one line and an exit status."""
    settle()
    show_all_names()
    arguments = sys.argv[1:]
    with OneLine(arguments):
        check_output()
        for argument in arguments:
            check_utf8(argument)
        status = app(args=arguments, prog_name="unfade", standalone_mode=False)
        if status == STOPPED:
            raise KeyboardInterrupt
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
