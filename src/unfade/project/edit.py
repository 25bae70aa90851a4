"""Edits the pairs in the text of a film.toml, and keeps its comments and layout."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import tomlkit
from tomlkit.items import AoT, Array, Null, Table, Whitespace

from unfade.film.control_points import ControlPoint
from unfade.project.settings import PairSection


def with_pair(text: str, section: PairSection) -> str:
    """The text with a [[pair]] added; it replaces one at the same source frame.

    The frame is removed from `curate.add` and `curate.drop`. If the section does not set `points`,
    those of the replaced entry stay where `keeps_points` says so; a section that sets `points` to
    nothing removes them. Points that stay keep their comments.
    """
    document = tomlkit.parse(text)
    for key in ("add", "drop"):
        _remove_frame(document, key, section.source)
    fields = section.model_dump(exclude_defaults=True)
    pairs = document.get("pair")
    if pairs is None:
        document = tomlkit.parse(document.as_string().rstrip() + "\n\n")
        document.append("pair", tomlkit.aot())
        pairs = document["pair"]
    existing = next((pair for pair in pairs if pair.get("source") == section.source), None)
    if section.points:
        array = (existing or {}).get("points") or tomlkit.array().multiline(True)
        fields["points"] = _with_points(array, section.points)
    if existing is not None:
        _set_fields(existing, fields, ("points",) if keeps_points(existing, section) else ())
    elif isinstance(pairs, AoT):
        tail = []
        if len(pairs):
            tail = _take_tail(pairs[-1])
            pairs[-1].value.body.append((None, Whitespace("\n")))
        pairs.append(_table(fields))
        pairs[-1].value.body.extend(tail)
    else:
        pairs.append(fields)
    return _text_of(document, text)


def keeps_points(existing: Mapping[str, Any], section: PairSection) -> bool:
    """Whether a section that replaces a [[pair]] keeps its control points: not if it sets
    `points`, is `aligned` or names another reference, on whose picture they do not lie."""
    moves = existing.get("reference") != section.reference or (
        None not in (existing.get("of"), section.of) and existing.get("of") != section.of
    )
    sets_points = "points" in section.model_fields_set
    return "points" in existing and not (sets_points or section.aligned or moves)


def with_added_frames(text: str, frames: Sequence[int]) -> str:
    """The text with source frames added to `curate.add`."""
    document = tomlkit.parse(text)
    _append_frames(document, "add", frames)
    return _text_of(document, text)


def with_start_from(text: str, path: str) -> str:
    """The text with another `train.start_from`."""
    document = tomlkit.parse(text)
    _set_key(document, "train", "start_from", path)
    return _text_of(document, text)


def without_pair(text: str, source: int, *, exclude_frame: bool) -> str:
    """The text without the [[pair]] at a source frame, and without the frame on `curate.add`.

    Args:
        text: the text of the project file.
        source: the frame number in the scan.
        exclude_frame: whether to add the frame to `curate.drop`, which keeps the machine from
            choosing it.
    """
    document = tomlkit.parse(text)
    _remove_frame(document, "add", source)
    if exclude_frame:
        _append_frames(document, "drop", [source])
    pairs = document.get("pair", [])
    index = next((k for k, pair in enumerate(pairs) if pair.get("source") == source), None)
    if index is not None:
        _remove_pair(document, pairs, index)
    return _text_of(document, text)


def without_choice(text: str, source: int) -> str:
    """The text that leaves a source frame to the machine: no [[pair]], and on no list."""
    document = tomlkit.parse(without_pair(text, source, exclude_frame=False))
    _remove_frame(document, "drop", source)
    return _text_of(document, text)


def _text_of(document: tomlkit.TOMLDocument, before: str) -> str:
    """The text of a document, with CRLF at the end of every line if the text before had it."""
    text = document.as_string()
    has_crlf = 0 < before.count("\n") == before.count("\r\n")
    return text.replace("\r\n", "\n").replace("\n", "\r\n") if has_crlf else text


def _set_fields(table: Any, fields: dict[str, Any], kept: Sequence[str] = ()) -> None:
    """Replaces all fields of a table or an inline table, except those to be kept."""
    tail = _take_tail(table) if isinstance(table, Table) else []
    for name in [name for name in table if name not in fields and name not in kept]:
        table.remove(name)
    table.update(fields)
    if tail:
        table.value.body.extend(tail)


def _table(fields: dict[str, Any]) -> Table:
    table = tomlkit.table()
    for name, value in fields.items():
        table.append(name, value)
    return table


def _with_points(array: Array, points: Sequence[ControlPoint]) -> Array:
    """The array with these control points, one a line; points that it holds keep their comments."""
    was = [tuple(point) for point in array]
    _end_last_item(array)
    steps = SequenceMatcher(a=was, b=[*points], autojunk=False).get_opcodes()
    for kind, start, end, first, last in reversed(steps):
        if kind == "equal":
            continue
        both = min(end - start, last - first)
        for index in range(both):
            array[start + index] = list(points[first + index])
        for index in range(end - 1, start + both - 1, -1):
            del array[index]
        for index in range(both, last - first):
            array.insert(start + index, list(points[first + index]))
    return array


def _end_last_item(array: Array) -> None:
    """Puts a comma after the last item if comments stand below it, because tomlkit adds items after
    these and puts none."""
    groups = array._value
    items = [k for k, one in enumerate(groups) if not isinstance(one.value, Null | None)]
    has_comments = any(one.comment for one in groups[items[-1] + 1 :]) if items else False
    if has_comments and groups[items[-1]].comma is None:
        groups[items[-1]].comma = Whitespace(",")


def _append_frames(document: tomlkit.TOMLDocument, key: str, frames: Sequence[int]) -> None:
    """Adds frames to a list in [curate]."""
    listed = document.get("curate", {}).get(key)
    if listed is None:
        _set_key(document, "curate", key, [*frames])
        return
    _end_last_item(listed)
    for frame in frames:
        if frame not in listed:
            listed.append(frame)


def _set_key(document: tomlkit.TOMLDocument, name: str, key: str, value: Any) -> None:
    """Sets a key of a section, which is added if it is missing."""
    if name not in document:
        document.add(tomlkit.nl())
        document.append(name, tomlkit.table())
    section = document[name]
    _set_fields(section, {**section, key: value})


def _remove_frame(document: tomlkit.TOMLDocument, key: str, source: int) -> None:
    """Removes a frame from a list of [curate]."""
    frames = document.get("curate", {}).get(key, [])
    while source in frames:
        frames.remove(source)


def _remove_pair(document: tomlkit.TOMLDocument, pairs: Any, index: int) -> None:
    """Removes a pair; text that follows it after an empty line stays.

    Afterwards the document must not be searched by key, because edits of its body leave its index
    of keys out of date.
    """
    if not isinstance(pairs, AoT):
        del pairs[index]
        return
    tail = _take_tail(pairs[index])
    body = document.body
    start = next(k for k, (key, _) in enumerate(body) if key is not None and key.key == "pair")
    if index > 0:
        pairs[index - 1].value.body.extend(tail)
        del pairs[index]
    elif len(pairs) > 1:
        del pairs[index]
        body[start:start] = tail
    else:
        body[start : start + 1] = tail


def _take_tail(table: Table) -> list[Any]:
    """Removes and returns the part of a table from the first empty line after its last key."""
    body = table.value.body
    last = max((k for k, (key, _) in enumerate(body) if key is not None), default=-1)
    empty = (k for k in range(last + 1, len(body)) if isinstance(body[k][1], Whitespace))
    start = next(empty, len(body))
    tail = body[start:]
    del body[start:]
    return list(tail)
