"""Changes to the pairs of a film.toml that leave its comments and its layout as they are."""

from typing import Any

import tomlkit
from tomlkit.items import AoT, Table, Whitespace

from unfade.project.settings import PairSection


def with_pair(text: str, section: PairSection) -> str:
    """A project file with a [[pair]], which takes the place of one at the same source frame.

    The frame is no longer among those that a person dropped.
    """
    document = tomlkit.parse(text)
    _keep(document, section.source)
    fields = section.model_dump(exclude_defaults=True)
    pairs = document.get("pair")
    if pairs is None:
        document = tomlkit.parse(document.as_string().rstrip() + "\n\n")
        document.append("pair", tomlkit.aot())
        pairs = document["pair"]
    standing = next((pair for pair in pairs if pair.get("source") == section.source), None)
    if standing is not None:
        _set(standing, fields)
    elif isinstance(pairs, AoT):
        tail = []
        if len(pairs):
            tail = _take_tail(pairs[-1])
            pairs[-1].value.body.append((None, Whitespace("\n")))
        pairs.append(_table(fields))
        pairs[-1].value.body.extend(tail)
    else:
        pairs.append(fields)
    return document.as_string()


def without_pair(text: str, source: int, *, exclude_frame: bool) -> str:
    """A project file without the [[pair]] at a source frame, if there is one.

    Args:
        text: of the project file.
        source: the frame of the scan.
        exclude_frame: whether to add the frame to `curate.drop`, which keeps the machine from
            choosing it.
    """
    document = tomlkit.parse(text)
    if exclude_frame:
        _drop(document, source)
    pairs = document.get("pair", [])
    place = next((k for k, pair in enumerate(pairs) if pair.get("source") == source), None)
    if place is not None:
        _remove(document, pairs, place)
    return document.as_string()


def _set(table: Any, fields: dict[str, Any]) -> None:
    """Gives a table, or one in a line, these fields and no others."""
    tail = _take_tail(table) if isinstance(table, Table) else []
    for name in [name for name in table if name not in fields]:
        table.remove(name)
    table.update(fields)
    if tail:
        table.value.body.extend(tail)


def _table(fields: dict[str, Any]) -> Table:
    table = tomlkit.table()
    for name, value in fields.items():
        table.append(name, value)
    return table


def _drop(document: tomlkit.TOMLDocument, source: int) -> None:
    """Puts a frame on `curate.drop`."""
    if "curate" not in document:
        document.add(tomlkit.nl())
        document.append("curate", tomlkit.table())
    curate = document["curate"]
    dropped = curate.get("drop")
    if dropped is None:
        _set(curate, {**curate, "drop": [source]})
    elif source not in dropped:
        dropped.append(source)


def _keep(document: tomlkit.TOMLDocument, source: int) -> None:
    """Takes a frame from `curate.drop`."""
    dropped = document.get("curate", {}).get("drop", [])
    while source in dropped:
        dropped.remove(source)


def _remove(document: tomlkit.TOMLDocument, pairs: Any, place: int) -> None:
    """Removes a pair; what is written below it, after an empty line, stays.

    No key of the document may be asked for afterwards: its index is not kept up.
    """
    if not isinstance(pairs, AoT):
        del pairs[place]
        return
    tail = _take_tail(pairs[place])
    body = document.body
    at = next(k for k, (key, _) in enumerate(body) if key is not None and key.key == "pair")
    if place > 0:
        pairs[place - 1].value.body.extend(tail)
        del pairs[place]
    elif len(pairs) > 1:
        del pairs[place]
        body[at:at] = tail
    else:
        body[at : at + 1] = tail


def _take_tail(table: Table) -> list[Any]:
    """Takes off a table what follows its last key, from the first empty line on."""
    body = table.value.body
    last = max((k for k, (key, _) in enumerate(body) if key is not None), default=-1)
    empty = (k for k in range(last + 1, len(body)) if isinstance(body[k][1], Whitespace))
    start = next(empty, len(body))
    tail = body[start:]
    del body[start:]
    return list(tail)
