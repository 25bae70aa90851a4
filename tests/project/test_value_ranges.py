"""Every key of film.toml: an invalid value gives one sentence; every number has both bounds."""

import math
import typing
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from unfade.errors import ProjectError
from unfade.project import file as project_file
from unfade.project.settings import Project

MINIMAL = {"film": {"title": "Reel"}, "source": {"path": "a.dpx"}, "reference": {"path": "b.mkv"}}
PAIR = {"source": 12, "reference": "painted.png"}

Keys = tuple[str | int, ...]


def value_keys(section: type[BaseModel] = Project, key: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every key that is not a section, with its annotation."""
    for name, field in section.model_fields.items():
        path = (*key, field.alias or name)
        inner = [one for one in parts(field.annotation) if is_section(one)]
        for one in inner:
            yield from value_keys(one, (*path, 0) if path == ("pair",) else path)
        if not inner:
            yield path, field.annotation


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in typing.get_args(annotation):
        yield from parts(part)


def is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


VALUE_KEYS = dict(value_keys())
NUMBERS = [key for key, kind in VALUE_KEYS.items() if {int, float, Fraction} & {*parts(kind)}]
LIST_LENGTHS = {
    ("source", "live_area"): 4,
    ("reference", "live_area"): 4,
    ("ingest", "balance", "lift"): 3,
    ("ingest", "balance", "gamma"): 3,
    ("ingest", "balance", "gain"): 3,
    ("pair", 0, "points"): 1,
    ("curate", "add"): 1,
    ("curate", "drop"): 1,
    ("train", "preview"): 1,
}


def error_message(key: Keys, value: Any, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """The message about a value; None if it is accepted."""
    fields: dict[str, Any] = {name: dict(section) for name, section in MINIMAL.items()}
    if key[0] == "pair":
        fields["pair"] = [dict(PAIR)]
    section: Any = fields
    for part in key[:-1]:
        section = section.setdefault(part, {}) if isinstance(section, dict) else section[part]
    section[key[-1]] = value
    monkeypatch.setattr(project_file, "toml_fields", lambda text, path: fields)
    try:
        project_file.parse_project("", Path("film.toml"))
    except ProjectError as error:
        return str(error)
    return None


def name(key: Keys) -> str:
    return ".".join(map(str, key))


def test_the_search_finds_the_keys() -> None:
    assert {
        ("train", "seed"),
        ("render", "version"),
        ("source", "rate"),
        ("pair", 0, "source"),
    } <= {*NUMBERS}
    assert len(VALUE_KEYS) > 50


@pytest.mark.parametrize("key", VALUE_KEYS, ids=name)
@pytest.mark.parametrize(
    "value",
    [2**64, -1, 1e300, math.nan, math.inf, -math.inf, "x" * 100_000, [], {}, [[]], ["x"], {"x": 1}],
    ids=lambda value: str(value)[:10],
)
def test_an_invalid_value_gives_one_sentence(
    key: Keys, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = error_message(key, value, monkeypatch)
    if message is None:
        assert value in (-1, []), "only a list may be empty"
        assert key in LIST_LENGTHS or value == -1
        return
    assert message.startswith("film.toml: ")
    assert str(key[-1]) in message
    assert len(message) < 500
    assert "\n" not in message
    for word in ("nput should", "valid dictionary", "instance of", "Traceback"):
        assert word not in message


@pytest.mark.parametrize("key", NUMBERS, ids=name)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("number", [float, int])
def test_every_number_has_both_bounds(
    key: Keys, sign: int, number: type[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    value: Any = number(sign * 2**63)
    message = error_message(
        key, [value] * LIST_LENGTHS[key] if key in LIST_LENGTHS else value, monkeypatch
    )
    assert message is not None


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (("train", "steps"), 0, "'train.steps' is 0; use a whole number from 1 to 1,000,000"),
        (("train", "learning_rate"), 0, "is 0; use a number above 0 up to 10"),
        (("train", "steps"), "many", "'train.steps' is 'many'; use a whole number from 1"),
        (("train", "steps"), True, "'train.steps' is true; use a whole number"),
        (("train", "size"), "huge", "is 'huge'; use 'small' or 'medium' or 'large'"),
        (("target", "carry"), 1, "'target.carry' is 1; use true or false"),
        (
            ("ingest", "balance"),
            3,
            "'ingest.balance' is 3; use 'none' or 'auto' or 'dyes' or a table with li",
        ),
        (("ingest", "balance", "lift"), [1], "'ingest.balance.lift' is [1]; use a list of 3, each"),
        (("pair", 0, "role"), "x", "'role' of [[pair]] 1 (source frame 12) is 'x'; use 'train' or"),
        (("pair", 0, "reference"), 1.5, "is 1.5; use a whole number from 0 to 2,147,483,647 or a"),
        (("source", "live_area"), [0, 0, 9], "is [0, 0, 9]; use a list of 4, each a whole"),
        (("source", "colorspace"), "?", "[source]: 'colorspace' is still \"?\"; fill in what is"),
        (("source", "rate"), "1e999999999", "is not a fraction; write it as '24000/1001' or '25'"),
        (("source", "rate"), 10**12, "it is no rate; use 1 to 1000 frames a second"),
        (("render", "version"), 2**70, "; use a whole number from 1 to 9,999"),
        (("film", "title"), "", "'film.title' is ''; use a text of 1 to 100 letters"),
    ],
)
def test_the_message_names_the_allowed_values(
    key: Keys, value: Any, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert expected in (error_message(key, value, monkeypatch) or "")
