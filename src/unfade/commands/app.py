"""The command line: its verbs in the order of the help text, and the entry point."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from unfade import __version__
from unfade.commands import (
    approve,
    construct,
    export_job,
    improve,
    lut,
    merge,
    pairs,
    run,
    studio,
    verify,
)
from unfade.commands.console import escape_unencodable, progress, tell
from unfade.commands.failures import EXIT_INTERRUPTED, FailureReporter, check_output
from unfade.commands.parameters import NewFolder
from unfade.commands.runtime import configure_process
from unfade.errors import ProjectError
from unfade.film.file_pattern import check_utf8
from unfade.film.stage_names import STAGE_TASKS, folder_name

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(pairs.app, name="pairs")


def _print_version(requested: bool) -> None:
    if requested:
        tell(f"unfade {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Gives faded colour film its colour back, from a better-coloured copy."""


app.command()(run.demo)


@app.command(context_settings={"allow_extra_args": True})
def new(
    context: typer.Context,
    folder: NewFolder,
    source: Annotated[str, typer.Option(help="The scan: a movie, or reel.%06d.dpx.")],
    reference: Annotated[
        list[str] | None,
        typer.Option(help="A copy with good colour; repeat the option for each copy."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="The film's title.")] = None,
) -> None:
    """Look at a scan and its references, and write a film.toml for them."""
    from unfade.commands.new_project import write_project
    from unfade.media import check_config
    from unfade.project.color_config import ColorManagement, color_config

    colors = ColorManagement(color_config())
    check_config(colors)
    if context.args:
        raise ProjectError(_extra_argument_message(context.args[0]))
    title = title or folder.absolute().name
    with progress(quiet=False) as display:
        made = write_project(folder, source, reference or [], title, display, colors)
    path, keys = made.path, made.to_fill_in
    if keys:
        raise ProjectError(
            f"{path}: written, but the files do not say {' and '.join(keys)}; fill that in, "
            f"then: unfade run {path}"
        )
    if reference:
        tell(f"{path}: written; look it over, then: unfade run {path}")
        return
    tell(
        f"{path}: written; it names nothing to take colour from yet: add a [reference], state "
        f"colours of frames with 'unfade construct {path} FRAME', or paint frames that "
        f"'unfade pairs export {path} FRAME' writes"
    )


def _extra_argument_message(argument: str) -> str:
    """The error for an argument that is not expected.

    A shell expands ``scan/*.dpx`` to many arguments, so a file of a sequence gets the pattern.
    """
    from unfade.media import sequence_around

    sequence = sequence_around(argument) if os.path.isfile(argument) else None
    if sequence is None:
        return f"'{argument}' is one argument too many; see 'unfade new --help'"
    return f"{argument}: is one of several files; name the sequence, in quotes: '{sequence}'"


app.command()(merge.merge)
app.command()(run.run)
app.command()(run.status)
app.command()(improve.outliers)
app.command()(improve.improve)
app.command()(construct.construct)
app.command()(construct.palette)
app.command()(approve.approve)
app.command()(studio.studio)
app.command()(verify.verify)
app.command()(lut.lut)
app.command()(export_job.export_job)
for _stage, _task in STAGE_TASKS.items():
    _verb = run.render if _stage == "render" else run.stage_verb(_stage)
    app.command(_stage, help=f"{_task} (stage {folder_name(_stage)}).")(_verb)


def main(at_end: Callable[[object], None] | None = None) -> None:
    """Runs the command line and exits; every failure becomes one line and an exit status.

    Args:
        at_end: is called with the exit status.
    """
    try:
        _run()
    except SystemExit as end:
        if at_end:
            at_end(end.code)
        if end.code == EXIT_INTERRUPTED:
            # Python would end itself by a signal if Ctrl-C came while it compiled a module.
            sys.stderr.flush()
            os._exit(EXIT_INTERRUPTED)
        raise


def _run() -> None:
    configure_process()
    escape_unencodable()
    arguments = sys.argv[1:]
    with FailureReporter(arguments):
        check_output()
        for argument in arguments:
            check_utf8(argument)
        status = app(args=arguments, prog_name="unfade", standalone_mode=False)
        if status == EXIT_INTERRUPTED:
            raise KeyboardInterrupt
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
