"""The verbs that run stages: demo, run, status, and one verb for each stage.

A verb imports its implementation when it is called, so that the help starts fast.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfade.commands.console import progress, tell
from unfade.commands.parameters import Events, NewFolder, ProjectFile, ProjectFiles, Quiet
from unfade.errors import ProjectError
from unfade.film.seed import MAX_SEED
from unfade.project.films import films_at

if TYPE_CHECKING:
    from unfade.film.time import FrameRange


def demo(
    folder: NewFolder = Path("demo"),
    severity: Annotated[str, typer.Option(help="mild, medium or hard.")] = "medium",
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="The same seed makes the same film.")
    ] = 0,
    quiet: Quiet = False,
    events: Events = False,
) -> None:
    """Make a small faded film with its DVD, and recover it."""
    with progress(quiet, events) as display:
        from unfade import api
        from unfade.commands import stages
        from unfade.simulate.demo import make_demo

        film = api.open(make_demo(folder, severity=severity, seed=seed, progress=display))
        stages.run_film(film, None, None, display)
    stages.show_verdict(film, quiet or events)
    tell(f"look at it, decide and mend: unfade studio {folder}")


def run(
    project_files: ProjectFiles,
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="STAGE",
            help="Run this stage again, and later ones if its result changes.",
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="STAGE", help="Stop after this stage.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Do the work in N processes of this machine."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Do the work on a Dask cluster: tcp://HOST:8786."),
    ] = None,
    quiet: Quiet = False,
    events: Events = False,
) -> int:
    """Run every stage that is not fresh, of one film or of several one after another."""
    from unfade.commands import queue, stages

    films = films_at(project_files)
    if films != project_files or len(films) > 1:
        return queue.run_films(films, first, last, quiet, events, workers, cluster)
    stages.run(films[0], first, last, quiet, events, workers, cluster)
    return 0


def status(project_files: ProjectFiles) -> int:
    """Show which stages are fresh, stale or missing, and why; of several films a line for each."""
    from unfade.commands import queue, stages

    films = films_at(project_files)
    if films != project_files or len(films) > 1:
        return queue.show_states(films)
    stages.show_status(films[0])
    return 0


def stage_verb(stage: str) -> Callable[..., None]:
    """The verb that runs one stage, whether or not it is fresh."""

    def verb(project_file: ProjectFile, quiet: Quiet = False) -> None:
        from unfade.commands import stages

        stages.run(project_file, stage, stage, quiet)

    return verb


def render(
    project_file: ProjectFile,
    frames: Annotated[
        str | None,
        typer.Option(
            metavar="A-B", help="Only these; other processes may render others at the same time."
        ),
    ] = None,
    quiet: Quiet = False,
    events: Events = False,
) -> None:
    """The verb of the stage render, or of some of its frames."""
    from unfade.commands import stages

    if frames is None:
        stages.run(project_file, "render", "render", quiet, events)
    else:
        stages.render_frames(project_file, parse_frames(frames), quiet, events)


def parse_frames(text: str) -> "FrameRange":
    """The frames of ``"1001-1100"`` or ``"1001"``.

    Raises:
        ProjectError: it is neither.
    """
    from unfade.film.time import FrameRange

    ends = re.fullmatch(r"([0-9]{1,10})(?:-([0-9]{1,10}))?", text)
    if ends is None or int(ends[1]) > int(ends[2] or ends[1]):
        raise ProjectError(
            f"--frames '{text}' is no range of frames; write the first and the last as '1001-1100'"
        )
    return FrameRange(first=int(ends[1]), last=int(ends[2] or ends[1]))
