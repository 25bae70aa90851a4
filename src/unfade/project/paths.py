"""Paths as arguments: a folder, and a project file or the folder that holds it."""

import os
from pathlib import Path

from unfade.errors import ProjectError

PROJECT_FILE = "film.toml"

_MAX_SHOWN_PATH = 200
"""Characters of a path in a message that it cannot be read, so that the reason stays in sight."""


def folder_path(text: str | Path) -> Path:
    """The path of a folder from the command line.

    Raises:
        ProjectError: it is empty; the current folder must be named ``.``.
    """
    if not str(text):
        raise ProjectError("the name of a folder is empty; name one, or '.' for the current folder")
    return Path(text)


def project_path(text: str) -> Path:
    """The path of a project file from the command line; a folder stands for its film.toml.

    Raises:
        ProjectError: it is empty.
    """
    path = folder_path(text)
    return path / PROJECT_FILE if path.is_dir() else path


def named_project_file(path: str) -> Path:
    """The project file that film.toml names by its path, or by that of its folder. It may be
    missing."""
    place = Path(path)
    return place if place.suffix == ".toml" and not place.is_dir() else place / PROJECT_FILE


def film_name(path: str) -> str:
    """The name of the folder of a film that film.toml names; the path itself if it has none."""
    return named_project_file(path).parent.name or path


def find_project_file(path: str | os.PathLike[str]) -> Path:
    """The path of film.toml, from that path or from its folder. The file may be missing.

    Raises:
        ProjectError: the path is empty or cannot be looked up, or film.toml is a folder.
    """
    text = os.fspath(path)
    try:
        place = project_path(text)
        if place.name != PROJECT_FILE or place.is_file():
            return place
        folders = [one for one in (place, place.parent) if one.name == PROJECT_FILE]
        misplaced = next((folder for folder in folders if folder.is_dir()), None)
    except OSError as error:
        shown = text if len(text) <= _MAX_SHOWN_PATH else f"{text[:_MAX_SHOWN_PATH]}..."
        raise ProjectError(
            f"{shown}: cannot be read ({error.strerror}); name film.toml or its folder"
        ) from error
    if misplaced is not None:
        raise ProjectError(
            f"{misplaced}: is a folder, but {PROJECT_FILE} has to be a file; rename the folder, "
            f"then write the file with 'unfade new {misplaced.parent} --source SCAN'"
        )
    return place
