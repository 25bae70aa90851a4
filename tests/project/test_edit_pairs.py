"""Editing pairs changes only the pairs in film.toml; comments and layout stay."""

import tomllib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfade.project.edit import with_added_frames, with_pair, with_start_from, without_pair
from unfade.project.settings import PairSection

FILM = """\
# Paths are relative to this file.

[film]
title = "Reel"   # as the can says

[source]
path = "a.%06d.dpx"

[reference]
path = "b.mkv"

# how many
[curate]
pairs_per_shot = 5   # the lamp changes

# the first that Anna chose
[[pair]]
source = 12 # the lamp is on
reference = 40
note = "good skin"

# a long one
[train]
size = "large"
"""

MINIMAL = '[film]\ntitle = "Reel"\n[source]\npath = "a.%06d.dpx"\n[reference]\npath = "b.mkv"\n'


EDITS: list[Callable[[str], str]] = [
    lambda text: with_pair(text, PairSection(source=12, reference=41)),
    lambda text: with_pair(text, PairSection(source=7, reference=9)),
    lambda text: without_pair(text, 12, exclude_frame=True),
    lambda text: with_added_frames(text, [5]),
    lambda text: with_start_from(text, "old/model.json"),
]


def comments(text: str) -> list[str]:
    return [line[line.index("#") :] for line in text.splitlines() if "#" in line]


def test_a_pair_is_added_after_the_others_and_before_what_follows() -> None:
    text = with_pair(FILM, PairSection(source=7, reference="x.png", kind="constructed"))
    added = '\n[[pair]]\nsource = 7\nreference = "x.png"\nkind = "constructed"\n'
    assert text == FILM.replace("\n# a long one", added + "\n# a long one")


def test_the_first_pair_comes_at_the_end() -> None:
    text = with_pair(MINIMAL, PairSection(source=7, reference=9))
    assert text == MINIMAL + "\n[[pair]]\nsource = 7\nreference = 9\n"


def test_a_pair_replaces_the_one_at_its_frame() -> None:
    text = with_pair(FILM, PairSection(source=12, reference=41, role="holdout"))
    pair = 'source = 12 # the lamp is on\nreference = 41\nrole = "holdout"\n'
    assert text == FILM.replace(
        'source = 12 # the lamp is on\nreference = 40\nnote = "good skin"\n', pair
    )


def test_a_dropped_pair_goes_with_its_comments() -> None:
    text = without_pair(FILM, 12, exclude_frame=True)
    fields = tomllib.loads(text)
    assert "pair" not in fields
    assert fields["curate"] == {"pairs_per_shot": 5, "drop": [12]}
    assert comments(text) == [c for c in comments(FILM) if c != "# the lamp is on"]


def test_a_frame_that_the_machine_chose_is_dropped_once() -> None:
    text = without_pair(without_pair(FILM, 30, exclude_frame=True), 30, exclude_frame=True)
    assert text == FILM.replace("# the lamp changes\n", "# the lamp changes\ndrop = [30]\n")
    assert tomllib.loads(without_pair(MINIMAL, 30, exclude_frame=True))["curate"] == {"drop": [30]}


def test_without_a_reference_the_frame_is_not_excluded() -> None:
    assert "curate" not in tomllib.loads(without_pair(MINIMAL, 30, exclude_frame=False))


def test_an_added_frame_is_no_longer_dropped() -> None:
    dropped = without_pair(without_pair(FILM, 30, exclude_frame=True), 31, exclude_frame=True)
    fields = tomllib.loads(with_pair(dropped, PairSection(source=30, reference=1)))
    assert fields["curate"]["drop"] == [31]
    assert [pair["source"] for pair in fields["pair"]] == [12, 30]


@pytest.mark.parametrize("pairs", ["pair = []\n", "pair = [{source = 3, reference = 4}]\n"])
def test_pairs_may_be_inline_tables(pairs: str) -> None:
    text = with_pair(pairs + MINIMAL, PairSection(source=9, reference=2))
    assert tomllib.loads(text)["pair"][-1] == {"source": 9, "reference": 2}
    assert {"source": 9, "reference": 2} not in tomllib.loads(
        without_pair(text, 9, exclude_frame=False)
    )["pair"]


@pytest.mark.parametrize("edit", EDITS)
def test_crlf_stays_at_the_end_of_every_line(edit: Callable[[str], str]) -> None:
    assert edit(FILM.replace("\n", "\r\n")) == edit(FILM).replace("\n", "\r\n")


def test_mixed_line_ends_stay_where_they_are() -> None:
    mixed = FILM.replace("# a long one\n", "# a long one\r\n")
    assert with_pair(mixed, PairSection(source=12, reference=41)).count("\r\n") == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 6)), max_size=8))
def test_any_edits_leave_the_rest_of_the_file(steps: list[tuple[bool, int]]) -> None:
    text, fixed, dropped = FILM, [12], set()
    for adds, source in steps:
        if adds:
            text = with_pair(text, PairSection(source=source, reference=source))
            fixed = [*(f for f in fixed if f != source), source]
            dropped -= {source}
        else:
            text = without_pair(text, source, exclude_frame=True)
            fixed = [f for f in fixed if f != source]
            dropped |= {source}
    fields = tomllib.loads(text)
    assert {pair["source"] for pair in fields["pair"]} == {*fixed}
    assert {*fields["curate"].get("drop", [])} == dropped
    assert fields["train"] == {"size": "large"}
    assert comments(text) == comments(FILM)


def test_a_model_to_start_from_is_set_and_replaced() -> None:
    first = with_start_from(FILM, "a.safetensors")
    assert first == FILM + 'start_from = "a.safetensors"\n'
    assert with_start_from(first, "b.safetensors") == FILM + 'start_from = "b.safetensors"\n'
    assert with_start_from(MINIMAL, "a") == MINIMAL + '\n[train]\nstart_from = "a"\n'


POINTS = """\
points = [
    [412.0, 305.5, 131.2, 98.0],  # the lamp
    [1630.5, 318.0, 598.0, 104.5],
]
"""
WITH_POINTS = FILM.replace("reference = 40\n", "reference = 40\n" + POINTS)


def test_points_are_written_one_a_line() -> None:
    points = ((412.0, 305.5, 131.2, 98.0), (1630.5, 318.0, 598.0, 104.5))
    text = with_pair(MINIMAL, PairSection(source=7, reference=9, points=points))
    written = POINTS.replace("  # the lamp", "")
    assert text == MINIMAL + f"\n[[pair]]\nsource = 7\nreference = 9\n{written}"
    again = with_pair(WITH_POINTS, PairSection(source=12, reference=41, points=points[:1]))
    assert tomllib.loads(again)["pair"][0]["points"] == [[412.0, 305.5, 131.2, 98.0]]


def test_points_stay_with_their_comments_when_other_keys_change() -> None:
    text = with_pair(WITH_POINTS, PairSection(source=12, reference=40, role="holdout"))
    assert text == WITH_POINTS.replace('note = "good skin"\n', 'role = "holdout"\n')


LAMP, DOOR = (412.0, 305.5, 131.2, 98.0), (1630.5, 318.0, 598.0, 104.5)
WINDOW = (9.0, 8.5, 7.0, 6.0)


@pytest.mark.parametrize(
    ("points", "lines"),
    [
        (
            [LAMP, DOOR],
            ["[412.0, 305.5, 131.2, 98.0],  # the lamp", "[1630.5, 318.0, 598.0, 104.5],"],
        ),
        ([LAMP, WINDOW], ["[412.0, 305.5, 131.2, 98.0],  # the lamp", "[9.0, 8.5, 7.0, 6.0],"]),
        ([WINDOW, DOOR], ["[9.0, 8.5, 7.0, 6.0],  # the lamp", "[1630.5, 318.0, 598.0, 104.5],"]),
        ([LAMP], ["[412.0, 305.5, 131.2, 98.0],  # the lamp"]),
        ([DOOR], ["[1630.5, 318.0, 598.0, 104.5],"]),
        (
            [LAMP, DOOR, WINDOW],
            [
                "[412.0, 305.5, 131.2, 98.0],  # the lamp",
                "[1630.5, 318.0, 598.0, 104.5],",
                "[9.0, 8.5, 7.0, 6.0],",
            ],
        ),
    ],
)
def test_points_that_change_keep_the_comments_of_the_others(
    points: list[tuple[float, ...]], lines: list[str]
) -> None:
    fields = {"source": 12, "reference": 40, "note": "good skin", "points": points}
    text = with_pair(WITH_POINTS, PairSection.model_validate(fields))
    written = "points = [\n" + "".join(f"    {line}\n" for line in lines) + "]\n"
    assert text == WITH_POINTS.replace(POINTS, written)


@pytest.mark.parametrize(
    "changes", [{"reference": 41}, {"aligned": True}, {"points": ()}, {"reference": "a.png"}]
)
def test_points_go_if_the_pair_lies_otherwise(changes: dict[str, object]) -> None:
    fields = {"source": 12, "reference": 40, **changes}
    text = with_pair(WITH_POINTS, PairSection.model_validate(fields))
    assert "points" not in tomllib.loads(text)["pair"][0]


def test_points_of_an_inline_table_stay() -> None:
    pairs = "pair = [{source = 3, reference = 4, points = [[1.0, 2.0, 3.0, 4.0]]}]\n"
    text = with_pair(pairs + MINIMAL, PairSection(source=3, reference=4, role="test"))
    (pair,) = tomllib.loads(text)["pair"]
    assert pair == {"source": 3, "reference": 4, "role": "test", "points": [[1, 2, 3, 4]]}


@pytest.mark.parametrize(
    "listed",
    [
        "[\n1\n# leader\n]",
        "[\n1 # x\n# y\n# z\n]",
        "[\n1,\n# leader\n]",
        "[1 # x\n]",
        "[\n# no\n1]",
    ],
)
def test_a_frame_is_added_below_a_comment_at_the_end_of_a_list(listed: str) -> None:
    text = with_added_frames(f"[curate]\nadd = {listed}\n", [7, 9])
    assert tomllib.loads(text)["curate"]["add"] == [1, 7, 9]
    assert [line for line in text.split("\n") if "#" in line]


def test_points_are_added_below_a_comment_at_the_end() -> None:
    points = "points = [\n    [95, 1, 95, 1]\n    # [1, 71, 1, 71],\n]\n"
    pair = f"[[pair]]\nsource = 3\nreference = 4\n{points}"
    fields = {"source": 3, "reference": 4, "points": [(95, 1, 95, 1), (3, 4, 3, 4)]}
    text = with_pair(MINIMAL + pair, PairSection.model_validate(fields))
    assert tomllib.loads(text)["pair"][0]["points"] == [[95, 1, 95, 1], [3, 4, 3, 4]]
    assert "    # [1, 71, 1, 71],\n" in text
