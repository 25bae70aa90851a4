"""The project files of all films in a folder and below it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from unfade.film.stage_names import STAGE_NAMES, folder_name
from unfade.project.paths import PROJECT_FILE, find_project_file

MAX_DEPTH = 4
"""Levels of folders below the opened one in which films are looked for."""

MAX_FILMS = 500
"""Films that are found; whoever has more opens a folder further down."""


def find_films(root: Path) -> Iterator[Path]:
    """The project files in a folder and below it, in the order of their folders."""
    count = 0
    for folder, folders, files in os.walk(root):
        place = Path(folder)
        is_deep = len(place.relative_to(root).parts) >= MAX_DEPTH
        folders[:] = [] if is_deep else sorted(one for one in folders if may_hold_films(one))
        if PROJECT_FILE in files:
            yield place / PROJECT_FILE
            count += 1
            if count == MAX_FILMS:
                return


def may_hold_films(name: str) -> bool:
    """Whether films are looked for in a folder of this name: not in hidden ones, nor stages'."""
    return not name.startswith(".") and name not in {folder_name(one) for one in STAGE_NAMES}


def films_at(arguments: Iterable[Path]) -> list[Path]:
    """The films that arguments of the command line name, each once.

    Args:
        arguments: of `film_or_folder`; a folder stands for all films below it.
    """
    films: list[Path] = []
    for path in arguments:
        found = find_films(path) if path.is_dir() else [path]
        films += [one for one in found if one not in films]
    return films


def film_or_folder(path: str) -> Path:
    """The project file that an argument names by its path or folder, which may be missing; the
    folder itself if it has none, but films below it.

    Raises:
        ProjectError: of `find_project_file`.
    """
    file, folder = find_project_file(path), Path(path)
    holds_films = not file.exists() and folder.is_dir() and any(find_films(folder))
    return folder if holds_films else file
