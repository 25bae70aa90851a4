"""Every key of film.toml: what cannot be is one sentence, and every number has both bounds."""

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

LEAST = {"film": {"title": "Reel"}, "source": {"path": "a.dpx"}, "reference": {"path": "b.mkv"}}
PAIR = {"source": 12, "reference": "painted.png"}

Keys = tuple[str | int, ...]


def leaves(section: type[BaseModel] = Project, place: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every key that is no section, with its annotation."""
    for name, field in section.model_fields.items():
        here = (*place, field.alias or name)
        inner = [one for one in parts(field.annotation) if is_section(one)]
        for one in inner:
            yield from leaves(one, (*here, 0) if here == ("pair",) else here)
        if not inner:
            yield here, field.annotation


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in typing.get_args(annotation):
        yield from parts(part)


def is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


LEAVES = dict(leaves())
NUMBERS = [place for place, kind in LEAVES.items() if {int, float, Fraction} & {*parts(kind)}]
LISTS = {
    ("source", "live_area"): 4,
    ("reference", "live_area"): 4,
    ("ingest", "balance", "lift"): 3,
    ("ingest", "balance", "gamma"): 3,
    ("ingest", "balance", "gain"): 3,
    ("curate", "drop"): 1,
}


def refusal(place: Keys, value: Any, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """What is said of a value, none where it is accepted."""
    fields: dict[str, Any] = {name: dict(section) for name, section in LEAST.items()}
    if place[0] == "pair":
        fields["pair"] = [dict(PAIR)]
    here: Any = fields
    for part in place[:-1]:
        here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
    here[place[-1]] = value
    monkeypatch.setattr(project_file, "toml_fields", lambda text, path: fields)
    try:
        project_file.parse_project("", Path("film.toml"))
    except ProjectError as error:
        return str(error)
    return None


def name(place: Keys) -> str:
    return ".".join(map(str, place))


def test_numbers_and_texts_are_found() -> None:
    assert {
        ("train", "seed"),
        ("render", "version"),
        ("source", "rate"),
        ("pair", 0, "source"),
    } <= {*NUMBERS}
    assert len(LEAVES) > 50


@pytest.mark.parametrize("place", LEAVES, ids=name)
@pytest.mark.parametrize(
    "value",
    [2**64, -1, 1e300, math.nan, math.inf, -math.inf, "x" * 100_000, [], {}, [[]], ["x"], {"x": 1}],
    ids=lambda value: str(value)[:10],
)
def test_what_cannot_be_is_one_sentence(
    place: Keys, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = refusal(place, value, monkeypatch)
    if told is None:
        assert value in (-1, []), "only a list may be empty"
        assert place in LISTS or value == -1
        return
    assert told.startswith("film.toml: ")
    assert str(place[-1]) in told
    assert len(told) < 500
    assert "\n" not in told
    for word in ("nput should", "valid dictionary", "instance of", "Traceback"):
        assert word not in told


@pytest.mark.parametrize("place", NUMBERS, ids=name)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("number", [float, int])
def test_every_number_has_both_bounds(
    place: Keys, sign: int, number: type[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    value: Any = number(sign * 2**63)
    told = refusal(place, [value] * LISTS[place] if place in LISTS else value, monkeypatch)
    assert told is not None


@pytest.mark.parametrize(
    ("place", "value", "says"),
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
            "'ingest.balance' is 3; use 'auto' or 'none' or a table with li",
        ),
        (("ingest", "balance", "lift"), [1], "'ingest.balance.lift' is [1]; use a list of 3, each"),
        (("pair", 0, "role"), "x", "'role' of [[pair]] 1 (source frame 12) is 'x'; use 'train' or"),
        (("pair", 0, "reference"), 1.5, "is 1.5; use a whole number from 0 to 2,147,483,647 or a"),
        (("source", "live_area"), [0, 0, 9], "is [0, 0, 9]; use a list of 4, each a whole"),
        (("source", "colorspace"), "?", "[source]: 'colorspace' is still \"?\"; fill in what is"),
        (("source", "rate"), "1e999999999", "is no fraction; write it as '24000/1001' or '25'"),
        (("source", "rate"), 10**12, "a rate is from 1 to 1000 frames a second"),
        (("render", "version"), 2**70, "; use a whole number from 1 to 9,999"),
        (("film", "title"), "", "'film.title' is ''; use a text of 1 to 100 letters"),
    ],
)
def test_what_may_stand_there_is_named(
    place: Keys, value: Any, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert says in (refusal(place, value, monkeypatch) or "")
