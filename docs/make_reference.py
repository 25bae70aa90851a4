"""Writes film-toml.md, the reference of film.toml, from the models that read a film.toml.

Run it from anywhere: ``python docs/make_reference.py``.
"""

import json
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from unfade.film.provenance import Provenance
from unfade.project.faults import allowed_values
from unfade.project.settings import ClipSection, Project, ReferenceSection

PAGE = Path(__file__).parent / "film-toml.md"
SCHEMA = PAGE.with_name("provenance.schema.json")

_HEAD = """\
# film.toml

The project file of a film. It is text in [TOML](https://toml.io), and paths in it are relative to \
its folder. Only `[film]` with `title` and `[source]` with `path` are required; every other key \
has a default. An unknown key is an error that names the nearest key that exists. `unfade new` \
writes a first film.toml.

*The guide* is the manual of the same work with Nuke (CopyCat, Inference, MatchGrade) and DaVinci \
Resolve. The column shows its own setting for the same thing, and a dash where it has none.

This page is written by `docs/make_reference.py` from the models in `src/unfade/project/`.
"""

_TABLE = """\
| allowed | unit | default | the guide |
| --- | --- | --- | --- |
| {} |
"""

_SEVERAL = {"pair": "[[pair]]", "reference": "[reference], or several [[reference]]"}
"""Headings of sections that may come more than once."""


def page() -> str:
    """The text of film-toml.md."""
    parts = [_HEAD]
    for name, field in Project.model_fields.items():
        key = field.alias or name
        section = next(_models_in(field.annotation))
        parts += [f"## {_SEVERAL.get(key, f'[{key}]')}\n", _about(section)]
        fields = dict(section.model_fields)
        if section is ReferenceSection:
            parts.append(
                "It has the keys of `[source]` but `damaged`, for this clip, and one more.\n"
            )
            own = {*section.model_fields} - {*ClipSection.model_fields}
            fields = {inner: one for inner, one in fields.items() if inner in own}
        for inner, one in fields.items():
            parts += _entries(f"{key}.{inner}", one)
    return "\n".join(parts)


def _about(section: type[BaseModel]) -> str:
    """The docstring of a section, without its name."""
    text = (section.__doc__ or "").partition(": ")[2]
    return text[:1].upper() + text[1:] + "\n"


def _entries(key: str, field: FieldInfo) -> Iterator[str]:
    """A key with its facts, and the keys of a table that it may hold."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    allowed = str(extra.get("allowed") or allowed_values(field.annotation, field.metadata))
    row = (
        _as_code(allowed),
        str(extra.get("unit", "—")),
        _default(field, extra),
        str(extra.get("guide", "—")),
    )
    yield f"### {key}\n"
    yield _as_code(str(field.description)) + "\n"
    yield _TABLE.format(" | ".join(row))
    if field.examples:
        yield f"Example: `{key.rpartition('.')[2]} = {_as_toml(field.examples[0])}`\n"
    for table in _models_in(field.annotation):
        for inner, one in table.model_fields.items():
            yield from _entries(f"{key}.{inner}", one)


def _default(field: FieldInfo, extra: dict[str, Any]) -> str:
    if "default_in_words" in extra:
        return _as_code(str(extra["default_in_words"]))
    if field.is_required():
        return "required"
    return "none" if field.default is None else f"`{_as_toml(field.default)}`"


def _as_code(text: str) -> str:
    """A text whose quoted words are code; apostrophes stay."""
    return re.sub(r"(?<!\w)'([^']+)'", r"`\1`", text)


def _as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_as_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation such as ``Section | None`` or ``tuple[Section, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def schema() -> str:
    """The published schema of provenance.json in a bag."""
    return json.dumps(Provenance.json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
