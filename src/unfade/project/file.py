"""Reads the project file, film.toml; a fault in it becomes an error of one sentence."""

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from unfade.errors import ProjectError
from unfade.project.faults import explain, explain_options
from unfade.project.paths import PROJECT_FILE
from unfade.project.settings import Project

Section = TypeVar("Section", bound=BaseModel)

MAX_PROJECT_BYTES = 8 * 2**20
"""Size, in bytes, of a film.toml that is read: 20,000 pairs with notes and control points."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def load_project(path: Path) -> Project:
    """The project in the film.toml at `path`.

    Raises:
        ProjectError: it cannot be read, is not TOML, or has an unknown key or a bad value.
    """
    return parse_project(project_file_text(path), path)


def project_file_text(path: Path) -> str:
    """The text of a film.toml without a byte order mark; line ends are kept.

    Raises:
        ProjectError: it is missing, cannot be read, or is not text in UTF-8.
    """
    try:
        stored = _stored(path)
    except FileNotFoundError as error:
        folder = path.parent if path.name == PROJECT_FILE else path
        raise ProjectError(
            f"{path}: is missing; write a project file with 'unfade new {folder} --source SCAN'"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ProjectError(f"{path}: cannot be read ({reason}); name a film.toml") from error
    if stored.startswith(_UTF_16):
        raise ProjectError(f"{path}: is text in UTF-16; save it as UTF-8")
    if b"\0" in stored:
        raise ProjectError(f"{path}: is not text; name a {PROJECT_FILE}")
    try:
        return stored.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = stored[: error.start].count(b"\n") + 1
        raise ProjectError(
            f"{path}: is not text in UTF-8 (line {line}); name a film.toml, or save it as UTF-8"
        ) from error


def _stored(path: Path) -> bytes:
    """
    Raises:
        OSError: it is missing, or cannot be read.
        ValueError: it is a pipe or a device, which could be read for ever, or is too large.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ValueError("it is no regular file")
    with path.open("rb") as file:
        stored = file.read(MAX_PROJECT_BYTES + 1)
    if len(stored) > MAX_PROJECT_BYTES:
        raise ValueError(f"it has more than {MAX_PROJECT_BYTES:,} bytes")
    return stored


def parse_project(text: str, path: Path) -> Project:
    """The project in the text of a film.toml.

    Raises:
        ProjectError: it is not TOML, or has an unknown key or a bad value; the message names
            `path`.
    """
    fields = toml_fields(text, path)
    try:
        return Project.model_validate(fields)
    except ValidationError as error:
        raise ProjectError(f"{path}: {explain(error, fields)}") from error


def section_of_options(
    section: type[Section], options: Mapping[str, str], **values: object
) -> Section:
    """A section of a project file from values of the command line.

    Args:
        section: the class of the section.
        options: the argument or option for each key, for messages: ``{"first": "--first"}``.
        values: the values by key.

    Raises:
        ProjectError: a value is not valid; the message names the option.
    """
    try:
        return section(**values)
    except ValidationError as error:
        raise ProjectError(explain_options(error, section, options)) from error


def toml_fields(text: str, path: Path) -> dict[str, Any]:
    """The fields in the text of a film.toml, not yet validated.

    Raises:
        ProjectError: it is not TOML; the message names `path`.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        remedy = (
            "write '/' and not '\\' in paths" if "Unescaped" in str(error) else "mend that line"
        )
        raise ProjectError(f"{path}: is not TOML: {error}; {remedy}") from error
