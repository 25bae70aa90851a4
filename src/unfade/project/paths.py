"""Paths as arguments: a folder, and a project file or the folder that holds it."""

from pathlib import Path

from unfade.errors import ProjectError

PROJECT_FILE = "film.toml"


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
