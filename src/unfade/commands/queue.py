"""Runs several films one after another, and shows the state of several."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path

from unfade import api
from unfade.commands.console import progress
from unfade.commands.failures import EXIT_INTERRUPTED, EXIT_USER_ERROR, FailureReporter
from unfade.commands.stages import run_film
from unfade.commands.terminal import plain_table, show
from unfade.errors import UnfadeError
from unfade.pipeline.queue import Turn, turns
from unfade.work.progress import Progress


def run_films(
    project_files: Sequence[Path],
    first: str | None,
    last: str | None,
    quiet: bool,
    events: bool,
    workers: int | None,
    cluster: str | None,
) -> int:
    """Runs the stages from `first` to `last` of films that are not fresh, one film after another as
    `api.Film.run` does, and prints a table of verdicts and errors. A film that fails does not stop
    the others.

    Returns:
        The exit status: 0, or the highest of the films that failed.

    Raises:
        UnfadeError: there is no such stage.
    """
    queue = turns(project_files, first, last)
    failed: dict[Path, tuple[str, int]] = {}
    for number, turn in enumerate(queue, start=1):
        if turn.project_file not in failed:
            heading = f"film {number} of {len(queue)}: {_in_words(turn)}"
            run = partial(run_film, first=turn.first, last=turn.last)
            run = partial(run, workers=workers, cluster=cluster)
            if failure := _failure(turn.project_file, heading, run, progress(quiet, events)):
                failed[turn.project_file] = failure
    table = plain_table("film", "result")
    for file in project_files:
        table.add_row(str(file.parent), failed[file][0] if file in failed else _result(file, last))
    show(table)
    return max((status for _, status in failed.values()), default=0)


def _in_words(turn: Turn) -> str:
    return f"{turn.project_file.parent}{f', up to {turn.last}' if turn.last else ''}"


def _failure(
    project_file: Path,
    heading: str,
    run: Callable[..., list[str]],
    shown: AbstractContextManager[Progress],
) -> tuple[str, int] | None:
    """Runs a film; its error in one line with the exit status, None if it has run.

    Raises:
        KeyboardInterrupt: a person stopped the run.
    """
    try:
        with shown as display:
            display.say(heading)
            run(api.open(project_file), display=display)
    except BrokenPipeError:
        raise
    except Exception as error:
        line, status = FailureReporter(["run", str(project_file)]).line(error)
        if status == EXIT_INTERRUPTED:
            raise KeyboardInterrupt from error
        return line.removeprefix("unfade: "), status
    return None


def _result(project_file: Path, last: str | None) -> str:
    """The verdict of a film that has run, if it has run so far."""
    if last not in (None, "validate", "deliver"):
        return f"run up to {last}"
    return f"verdict: {api.open(project_file).report.verdict}"


def show_states(project_files: Sequence[Path]) -> int:
    """Prints a line for each film: its first stage that is not fresh, and why, or its verdict.

    Returns:
        The exit status: that of a user's error if a film cannot be used.
    """
    table, is_failed = plain_table("film", "stage", "state", "verdict", "why"), False
    for file in project_files:
        try:
            film = api.open(file)
            stages = film.status()
        except UnfadeError as error:
            table.add_row(str(file.parent), "", "unusable", "", str(error))
            is_failed = True
            continue
        verdict = ""
        with suppress(UnfadeError):
            verdict = film.report.verdict
        due = next((one for one in stages if one.state != "fresh"), stages[-1])
        table.add_row(str(file.parent), due.name, due.state, verdict, due.reason)
    show(table)
    return EXIT_USER_ERROR if is_failed else 0
