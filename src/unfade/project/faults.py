"""Messages for invalid values in film.toml and on the command line, made from pydantic's errors."""

import difflib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from unfade.project.settings import Project

_MAX_VALUE_LENGTH = 60
"""Characters of a value in a message, so that the message stays one readable line."""

_NUMBERS = {int: "a whole number", float: "a number"}

_LISTS = ("pair", "point", "colour")
"""Lists of sections that are written one by one, also with one entry."""
_LABELS = {
    "pair": ("source frame ", "source"),
    "reference": ("", "path"),
    "point": ("", "source"),
    "colour": ("", "name"),
}
"""What an entry of a list is known by: words, and its key."""


def explain(error: ValidationError, fields: dict[str, Any], root: type[BaseModel] = Project) -> str:
    """One sentence about the first fault in a project file, or in another one of TOML.

    Args:
        error: the error of its validation.
        fields: the fields that were validated, as TOML gives them.
        root: the class of the whole file.
    """
    fault = error.errors()[0]
    location = fault["loc"]
    unknown = str(location[-1]) if fault["type"] == "extra_forbidden" else None
    key_path = _key_path(location if unknown is None else location[:-1], root)
    if unknown is not None:
        return _unknown_key_message(unknown, key_path, fields, root)
    if not key_path:
        return _validator_message(fault)
    owner, key = _owner(key_path, fields)
    if fault["type"] == "missing" and not isinstance(location[-1], int):
        return f"{_quoted_key(owner, key)} is missing; add it"
    if fault["type"] == "value_error":
        words = _validator_message(fault)
        if isinstance(fault["input"], dict):
            return f"{_section(key_path, fields)}: {words}"
        return f"{_quoted_key(owner, key)} is {_value_text(fault['input'])}: {_mended(words)}"
    while key_path[-1][1] is None:
        key_path = key_path[:-1]
    owner, key = _owner(key_path, fields)
    value, allowed = _value(fields, key_path), _allowed_at(key_path)
    if isinstance(value, dict) and not owner and key in _LISTS:
        return f"[{key}] is one of several; write it as [[{key}]]"
    return f"{_quoted_key(owner, key)} is {_value_text(value)}; use {allowed}"


def explain_options(
    error: ValidationError, section: type[BaseModel], options: Mapping[str, str]
) -> str:
    """One sentence about the first fault in values of the command line.

    Args:
        error: the error of their validation.
        section: the class of the section that they were to form.
        options: the argument or option for each key of the section.
    """
    fault = error.errors()[0]
    if not fault["loc"]:
        words = _validator_message(fault)
        for key, option in options.items():
            words = words.replace(f"'{key}'", f"'{option}'")
        return words
    key = str(fault["loc"][0])
    value = f"'{options.get(key, key)}' is {_value_text(fault['input'])}"
    if fault["type"] == "value_error":
        return f"{value}: {_mended(_validator_message(fault))}"
    field = section.model_fields[key]
    return f"{value}; use {allowed_values(field.annotation, field.metadata)}"


KeyPath = list[tuple[str | int, FieldInfo | None]]
"""The keys of a location with their fields, and indices in lists with None."""


def _key_path(location: Sequence[int | str], root: type[BaseModel]) -> KeyPath:
    """The keys and indices of a location, without the names of union members that pydantic adds."""
    section: type[BaseModel] | None = root
    key_path: KeyPath = []
    for part in location:
        if isinstance(part, int):
            key_path.append((part, None))
            continue
        field = None if section is None else _field(section, part)
        if field is not None:
            key_path.append((part, field))
            section = next(_sections_in(field.annotation), None)
    return key_path


def _field(section: type[BaseModel], key: str) -> FieldInfo | None:
    return next(
        (value for name, value in section.model_fields.items() if key == (value.alias or name)),
        None,
    )


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every section in an annotation such as ``Section | None`` or ``tuple[Section, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _sections_in(part)


def _unknown_key_message(
    key: str, key_path: KeyPath, fields: dict[str, Any], root: type[BaseModel]
) -> str:
    section = root
    for _, field in key_path:
        if field is not None:
            section = next(_sections_in(field.annotation))
    keys = [field.alias or name for name, field in section.model_fields.items()]
    nearest = difflib.get_close_matches(key, keys, n=1, cutoff=0.0)[0]
    owner, outer = _owner([*key_path, (key, None)], fields)
    return f"unknown key {_quoted_key(owner, outer)}; the nearest valid one is '{nearest}'"


def _owner(key_path: KeyPath, fields: dict[str, Any]) -> tuple[str, str]:
    """The entry of a list of sections that has the fault, or "", and the dotted key in it."""
    parts = [part for part, _ in key_path]
    if len(parts) > 2 and isinstance(parts[1], int) and isinstance(fields.get(str(parts[0])), list):
        return _section(key_path[:2], fields), _dotted_key(parts[2:])
    keys = [part for n, part in enumerate(parts) if n != 1 or not isinstance(part, int)]
    return "", _dotted_key(keys)


def _section(key_path: KeyPath, fields: dict[str, Any]) -> str:
    """The name of a section in messages: ``[render]`` or ``[[pair]] 2 (source frame 1245)``."""
    parts = [part for part, _ in key_path]
    entries = fields.get(str(parts[0]))
    if len(parts) > 1 and isinstance(parts[1], int) and isinstance(entries, list):
        entry = entries[parts[1]] if isinstance(entries[parts[1]], dict) else {}
        prefix, label = _LABELS.get(str(parts[0]), ("", ""))
        value = entry.get(label)
        about = "" if value is None else f" ({prefix}{_value_text(value)})"
        return f"[[{parts[0]}]] {parts[1] + 1}{about}"
    return f"[{_dotted_key([part for part in parts if not isinstance(part, int)])}]"


def _quoted_key(owner: str, key: str) -> str:
    return f"'{key}' of {owner}" if owner else f"'{key}'"


def _dotted_key(parts: Sequence[str | int]) -> str:
    """A dotted key; list indices are in brackets and count from 0: ``live_area[2]``."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _validator_message(fault: Any) -> str:
    words: str = fault["msg"].removeprefix("Value error, ")
    return words[0].lower() + words[1:]


def _mended(words: str) -> str:
    """What a validator says, with what to do."""
    return words if ";" in words else f"{words}; change it"


def _value(fields: Any, key_path: KeyPath) -> Any:
    """The value in film.toml at a key path; None if there is none."""
    for part, _ in key_path:
        if isinstance(fields, dict) and part == 0:
            continue
        try:
            fields = fields[part]
        except (KeyError, IndexError, TypeError):
            return None
    return fields


def _value_text(value: Any) -> str:
    """A value as TOML writes it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if value is None:
        return "not there"
    try:
        text = repr(value) if isinstance(value, str | list | float) else f"{value}"
    except ValueError:  # Python writes out no number of more than 4,300 digits.
        return "a number of thousands of digits"
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[:_MAX_VALUE_LENGTH]}..."


def _allowed_at(key_path: KeyPath) -> str:
    """The values that are allowed at a key path, in words."""
    fields = [field for _, field in key_path if field is not None]
    field = fields[-1]
    return allowed_values(field.annotation, field.metadata)


def allowed_values(annotation: Any, constraints: Sequence[Any]) -> str:
    """The values that an annotation and its constraints allow, in words."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return allowed_values(inner[0], [*constraints, *_flatten(inner[1:])])
    if origin is typing.Literal:
        return " or ".join(repr(value) for value in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(
            allowed_values(one, constraints) for one in inner if one is not type(None)
        )
    if origin is tuple:
        if any(_sections_in(annotation)):
            most = _bound_of(constraints, "max_length")
            return "tables" if most is None else f"at most {most:,} tables"
        one = allowed_values(inner[0], [])
        several = "a list, each" if inner[-1] is Ellipsis else f"a list of {len(inner)}, each"
        return f"{several} {one}"
    if annotation in _NUMBERS:
        return _NUMBERS[annotation] + _bounds(constraints)
    if annotation is bool:
        return "true or false"
    if annotation is str:
        return "a text" + _lengths(constraints)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        keys = [field.alias or name for name, field in annotation.model_fields.items()]
        return f"a table with {', '.join(keys)}"
    return "a fraction such as '24000/1001'"


def _flatten(constraints: Sequence[Any]) -> list[Any]:
    """The constraints, with those inside a `Field` unpacked."""
    return [
        part
        for constraint in constraints
        for part in getattr(constraint, "metadata", None) or [constraint]
    ]


def _bounds(constraints: Sequence[Any]) -> str:
    """The bounds of a number in words: ``" from 1 to 50"`` or ``" above 0 up to 10"``."""
    words = (("ge", " from"), ("gt", " above"), ("le", " to"))
    bounds = {word: _bound_of(constraints, name) for name, word in words}
    text = "".join(f"{word} {bound:,}" for word, bound in bounds.items() if bound is not None)
    return text.replace(" to", " up to") if " above" in text else text


def _lengths(constraints: Sequence[Any]) -> str:
    most = _bound_of(constraints, "max_length")
    least = _bound_of(constraints, "min_length") or 0
    return "" if most is None else f" of {least} to {most:,} letters"


def _bound_of(constraints: Sequence[Any], name: str) -> Any:
    """The bound with a name such as "ge"; None if no constraint has it."""
    return next((getattr(one, name) for one in constraints if hasattr(one, name)), None)
