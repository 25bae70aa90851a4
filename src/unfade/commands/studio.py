"""The verb that opens the studio."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from unfade.commands.console import tell
from unfade.errors import ProjectError
from unfade.project.paths import folder_path

MAX_PORT = 65_535


def studio(
    place: Annotated[
        Path,
        typer.Argument(
            parser=folder_path, metavar="[FOLDER]", help="A folder with films, or a film.toml."
        ),
    ] = Path("."),
    port: Annotated[
        int | None, typer.Option(min=1, max=MAX_PORT, help="The port; a free one if left out.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Show everything and change nothing.")
    ] = False,
    stop_runs: Annotated[
        bool, typer.Option("--stop-runs", help="Stop a run when the studio is closed.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
) -> None:
    """Look, decide and mend in the browser."""
    film = place if place.is_file() else None
    root = (place.parent if film else place).absolute()
    if not root.is_dir():
        raise ProjectError(f"{place}: is not there; name a folder with films, or a film.toml")
    _serve(root, film, port=port, read_only=read_only, stop_runs=stop_runs, open_browser=browser)


def _serve(root: Path, film: Path | None, **options: Any) -> None:
    """
    Raises:
        ProjectError: the libraries of the extra are not installed.
    """
    try:
        from unfade.studio.films import place_of
        from unfade.studio.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn", "anyio"):
            raise
        raise ProjectError(
            "the studio needs the extra 'studio'; install it with: pip install 'unfade[studio]'"
        ) from error
    path = f"/film/{place_of(root, root / film.name).id}/run" if film else "/"
    serve(root, path, partial(tell, flush=True), **options)
    # Pictures that are being made would keep the program for seconds.
    sys.stdout.flush()
    os._exit(0)
