"""What is wrong with the fields of a film.toml, in the words of the person who wrote it."""

import difflib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from unfade.project.settings import Project

_SHOWN = 60
"""Letters of a value that a message shows."""

_NUMBERS = {int: "a whole number", float: "a number"}


def explain(error: ValidationError, fields: dict[str, Any]) -> str:
    """The first fault of the fields of a project file, in one sentence.

    Args:
        error: of their validation.
        fields: as TOML has them.
    """
    fault = error.errors()[0]
    location = fault["loc"]
    unknown = str(location[-1]) if fault["type"] == "extra_forbidden" else None
    trail = _trail(location if unknown is None else location[:-1])
    if unknown is not None:
        return _unknown_key(unknown, trail, fields)
    if not trail:
        return _own_words(fault)
    who, key = _owner(trail, fields)
    if fault["type"] == "missing" and not isinstance(location[-1], int):
        return f"{_named(who, key)} is missing; add it"
    if fault["type"] == "value_error":
        words = _own_words(fault)
        if isinstance(fault["input"], dict):
            return f"{_section(trail, fields)}: {words}"
        remedy = "" if ";" in words else "; change it"
        return f"{_named(who, key)} is {_shown(fault['input'])}: {words}{remedy}"
    while trail[-1][1] is None:
        trail = trail[:-1]
    who, key = _owner(trail, fields)
    value, allowed = _value(fields, trail), _allowed_at(trail)
    if key == "pair" and isinstance(value, dict):
        return "[pair] is one of several; write it as [[pair]]"
    return f"{_named(who, key)} is {_shown(value)}; use {allowed}"


def explain_options(
    error: ValidationError, section: type[BaseModel], options: Mapping[str, str]
) -> str:
    """The first fault of values of a command line, in one sentence.

    Args:
        error: of their validation.
        section: that they were to be.
        options: what a person calls the keys of the section, by their names.
    """
    fault = error.errors()[0]
    if not fault["loc"]:
        words = _own_words(fault)
        for key, option in options.items():
            words = words.replace(f"'{key}'", f"'{option}'")
        return words
    key = str(fault["loc"][0])
    who = f"'{options.get(key, key)}' is {_shown(fault['input'])}"
    if fault["type"] == "value_error":
        return f"{who}: {_own_words(fault)}"
    field = section.model_fields[key]
    return f"{who}; use {_allowed(field.annotation, field.metadata)}"


Trail = list[tuple[str | int, FieldInfo | None]]
"""The parts of a location that are keys, with their fields, and numbers in lists."""


def _trail(location: Sequence[int | str]) -> Trail:
    """A location without what pydantic adds to tell the members of a union apart."""
    section: type[BaseModel] | None = Project
    trail: Trail = []
    for part in location:
        if isinstance(part, int):
            trail.append((part, None))
            continue
        field = None if section is None else _field(section, part)
        if field is not None:
            trail.append((part, field))
            section = next(_sections_in(field.annotation), None)
    return trail


def _field(section: type[BaseModel], key: str) -> FieldInfo | None:
    return next(
        (value for name, value in section.model_fields.items() if key == (value.alias or name)),
        None,
    )


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections in an annotation such as ``Section | None`` or ``tuple[Section, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _sections_in(part)


def _unknown_key(key: str, trail: Trail, fields: dict[str, Any]) -> str:
    section: type[BaseModel] = Project
    for _, field in trail:
        if field is not None:
            section = next(_sections_in(field.annotation))
    keys = [field.alias or name for name, field in section.model_fields.items()]
    nearest = difflib.get_close_matches(key, keys, n=1, cutoff=0.0)[0]
    who, outer = _owner([*trail, (key, None)], fields)
    return f"unknown key {_named(who, outer)}; the nearest valid one is '{nearest}'"


def _owner(trail: Trail, fields: dict[str, Any]) -> tuple[str, str]:
    """The one of several sections that a fault is in, if it is in one, and the key in it."""
    parts = [part for part, _ in trail]
    if len(parts) > 2 and isinstance(parts[1], int) and isinstance(fields.get(str(parts[0])), list):
        return _section(trail[:2], fields), _dotted(parts[2:])
    return "", _dotted(part for n, part in enumerate(parts) if n != 1 or not isinstance(part, int))


def _section(trail: Trail, fields: dict[str, Any]) -> str:
    """``[render]``, or ``[[pair]] 2 (source frame 1245)``."""
    parts = [part for part, _ in trail]
    several = fields.get(str(parts[0]))
    if len(parts) > 1 and isinstance(parts[1], int) and isinstance(several, list):
        one = several[parts[1]] if isinstance(several[parts[1]], dict) else {}
        label = {"pair": "source", "reference": "path"}.get(str(parts[0]), "")
        known = one.get(label)
        about = (
            "" if known is None else f" ({'source frame ' * (label == 'source')}{_shown(known)})"
        )
        return f"[[{parts[0]}]] {parts[1] + 1}{about}"
    return f"[{_dotted(part for part in parts if not isinstance(part, int))}]"


def _named(who: str, key: str) -> str:
    return f"'{key}' of {who}" if who else f"'{key}'"


def _dotted(parts: Any) -> str:
    """``live_area[2]``: numbers in lists count from 0, as in programs."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _own_words(fault: Any) -> str:
    words: str = fault["msg"].removeprefix("Value error, ")
    return words[0].lower() + words[1:]


def _value(fields: Any, trail: Trail) -> Any:
    """What stands in film.toml at a trail."""
    for part, _ in trail:
        if isinstance(fields, dict) and part == 0:
            continue
        try:
            fields = fields[part]
        except (KeyError, IndexError, TypeError):
            return None
    return fields


def _shown(value: Any) -> str:
    """A value as TOML has it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if value is None:
        return "not there"
    text = repr(value) if isinstance(value, str | list | float) else f"{value}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _allowed_at(trail: Trail) -> str:
    """What may stand at a trail."""
    fields = [field for _, field in trail if field is not None]
    field = fields[-1]
    return _allowed(field.annotation, field.metadata)


def _allowed(annotation: Any, facts: Sequence[Any]) -> str:
    """An annotation in words, with the bounds among `facts`."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _allowed(inner[0], [*facts, *_flat(inner[1:])])
    if origin is typing.Literal:
        return " or ".join(repr(value) for value in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_allowed(one, facts) for one in inner if one is not type(None))
    if origin is tuple:
        if any(_sections_in(annotation)):
            return "tables"
        one = _allowed(inner[0], [])
        several = "a list, each" if inner[-1] is Ellipsis else f"a list of {len(inner)}, each"
        return f"{several} {one}"
    if annotation in _NUMBERS:
        return _NUMBERS[annotation] + _bounds(facts)
    if annotation is bool:
        return "true or false"
    if annotation is str:
        return "a text" + _lengths(facts)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        keys = [field.alias or name for name, field in annotation.model_fields.items()]
        return f"a table with {', '.join(keys)}"
    return "a fraction such as '24000/1001'"


def _flat(facts: Sequence[Any]) -> list[Any]:
    """Constraints, also those that a `Field` holds."""
    return [one for fact in facts for one in getattr(fact, "metadata", None) or [fact]]


def _bounds(facts: Sequence[Any]) -> str:
    """``" from 1 to 50"``, or ``" above 0 up to 10"``."""
    bounds = (("ge", " from"), ("gt", " above"), ("le", " to"))
    found = {word: _fact(facts, name) for name, word in bounds}
    text = "".join(f"{word} {bound:,}" for word, bound in found.items() if bound is not None)
    return text.replace(" to", " up to") if " above" in text else text


def _lengths(facts: Sequence[Any]) -> str:
    most = _fact(facts, "max_length")
    return "" if most is None else f" of {_fact(facts, 'min_length') or 0} to {most:,} letters"


def _fact(facts: Sequence[Any], name: str) -> Any:
    """A bound among constraints, none where there is none of its kind."""
    return next((getattr(fact, name) for fact in facts if hasattr(fact, name)), None)
