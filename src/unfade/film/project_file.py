"""The project file, film.toml, read once into nouns; what is wrong with it, in one sentence."""

import difflib
import re
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from unfade.errors import ProjectError
from unfade.film.project import Project


def load_project(path: Path) -> Project:
    """The project in the film.toml at `path`.

    Raises:
        ProjectError: it cannot be read, is not TOML, or holds an unknown key or a bad value.
    """
    return parse_project(project_file_text(path), path)


def project_file_text(path: Path) -> str:
    """The text of a film.toml, its line ends as they are.

    Raises:
        ProjectError: it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"{path}: cannot be read ({error}); write one with 'unfade new DIR --source S'"
        ) from error


def parse_project(text: str, path: Path) -> Project:
    """The project in the text of a film.toml.

    Raises:
        ProjectError: it is not TOML, or holds an unknown key or a bad value; it names `path`.
    """
    fields = toml_fields(text, path)
    try:
        return Project.model_validate(fields)
    except ValidationError as error:
        raise ProjectError(f"{path}: {_explain(error, fields)}") from error


def toml_fields(text: str, path: Path) -> dict[str, Any]:
    """What the text of a film.toml holds, whether or not it can be used.

    Raises:
        ProjectError: it is not TOML; it names `path`.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"{path}: is not TOML: {error}; mend that line") from error


def _explain(error: ValidationError, fields: dict[str, Any]) -> str:
    """The first fault of the fields of a project file, in one sentence."""
    fault = error.errors()[0]
    location = fault["loc"]
    if location[:2] == ("reference", 0) and isinstance(fields["reference"], dict):
        location = (location[0], *location[2:])
    where = ".".join(str(part) for part in location if not _is_tag(part))
    if fault["type"] == "extra_forbidden":
        *outer, key = map(str, location)
        where = ".".join(part for part in (*outer, key) if part is key or not _is_tag(part))
        nearest = difflib.get_close_matches(key, _keys_at(location[:-1]), n=1, cutoff=0.0)
        return f"unknown key '{where}'; the nearest valid one is '{nearest[0]}'"
    if fault["type"] == "tuple_type" and where == "pair":
        return "[pair] is one of several; write it as [[pair]]"
    if fault["type"] == "missing":
        return f"'{where}' is missing; add it"
    message = re.sub("^Value error, ", "", fault["msg"])
    message = message[0].lower() + message[1:]
    if not where:
        return message
    if isinstance(fault["input"], dict):
        return f"[{where}]: {message}"
    return f"'{where}' is {fault['input']!r}: {message}; change it"


def _is_tag(part: int | str) -> bool:
    """Whether pydantic added a part of a location to tell apart the members of a union."""
    return isinstance(part, str) and (part in ("int", "str") or not re.fullmatch(r"[\w-]+", part))


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the section at `location` may have."""
    section: type[BaseModel] = Project
    for part in location:
        if isinstance(part, str) and not _is_tag(part):
            field = next(
                value for name, value in section.model_fields.items() if part in (name, value.alias)
            )
            section = next(_sections_in(field.annotation))
    return [field.alias or name for name, field in section.model_fields.items()]


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections in an annotation such as ``Section | None`` or ``tuple[Section, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _sections_in(part)
