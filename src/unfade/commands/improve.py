"""The verbs that look at outliers and mend them."""

from typing import Annotated

import typer

from unfade.commands.console import progress
from unfade.commands.parameters import Events, ProjectFile, Quiet


def outliers(project_file: ProjectFile, quiet: Quiet = False) -> None:
    """Show frames that a person should look at, and the pairs that would mend them."""
    from unfade.commands import review

    with progress(quiet) as display:
        film = review.validated(project_file, display)
    review.show_outliers(film)


def improve(
    project_file: ProjectFile,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Largest number of rounds.")] = 4,
    quiet: Quiet = False,
    events: Events = False,
) -> None:
    """Add the pairs that help, train again, and keep what hold-out pairs prove."""
    from unfade import api
    from unfade.commands import review

    film = api.open(project_file)
    with progress(quiet, events) as display:
        improvement = film.improve(rounds=rounds, progress=display)
    review.show_rounds(improvement, film)
