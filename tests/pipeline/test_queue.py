"""The order of several films: films of a series run up to target before any of them trains."""

from pathlib import Path

import pytest

from unfade.errors import ProjectError
from unfade.pipeline.queue import Turn, turns

TOML = '[film]\ntitle = "A"\n{}[source]\npath = "scan.%04d.exr"\n'


def write(root: Path, name: str, *series: str) -> Path:
    path = root / name / "film.toml"
    path.parent.mkdir()
    line = f"series = {[f'../{one}' for one in series]}\n" if series else ""
    path.write_text(TOML.format(line))
    return path


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Reels a and b of a series, and a film of its own between them."""
    return [
        write(tmp_path, "a", "a", "b"),
        write(tmp_path, "alone"),
        write(tmp_path, "b", "a", "b"),
    ]


def names(queue: list[Turn]) -> list[tuple[str, str | None, str | None]]:
    return [(one.project_file.parent.name, one.first, one.last) for one in queue]


def test_reels_run_up_to_target_first(films: list[Path]) -> None:
    assert names(turns(films)) == [
        ("a", None, "target"),
        ("b", None, "target"),
        ("a", None, None),
        ("alone", None, None),
        ("b", None, None),
    ]


def test_a_first_stage_runs_again_once(films: list[Path]) -> None:
    assert names(turns(films, "align", "train")) == [
        ("a", "align", "target"),
        ("b", "align", "target"),
        ("a", None, "train"),
        ("alone", "align", "train"),
        ("b", None, "train"),
    ]


@pytest.mark.parametrize(("first", "last"), [(None, "align"), (None, "target"), ("train", None)])
def test_each_film_has_one_turn_if_none_learns_from_new_targets(
    films: list[Path], first: str | None, last: str | None
) -> None:
    assert names(turns(films, first, last)) == [(name, first, last) for name in ("a", "alone", "b")]


def test_only_films_from_which_others_learn_run_twice(tmp_path: Path) -> None:
    """The second reel learns from the first, which is finished without it."""
    films = [write(tmp_path, "b", "a", "b"), write(tmp_path, "a")]
    assert names(turns(films)) == [("a", None, "target"), ("b", None, None), ("a", None, None)]


def test_a_film_that_cannot_be_used_keeps_its_turn(films: list[Path]) -> None:
    films[1].write_text("[film")
    assert ("alone", None, None) in names(turns(films))


def test_unknown_stages_are_refused(films: list[Path]) -> None:
    with pytest.raises(ProjectError, match="there is no stage 'trian'"):
        turns(films, "trian")
