"""What film.toml names and is not there is found before a stage runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unfade import pipeline
from unfade.console import Silence
from unfade.errors import ProjectError
from unfade.film.project_file import load_project
from unfade.film.work import Job

SOURCE = '[film]\ntitle = "Reel"\n[source]\npath = "scan.%04d.dpx"\n'
PAIR = '[[pair]]\nsource = 12\nreference = "painted.png"\n'

Run = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a film.toml that must be refused before a stage is; gives the sentence."""

    def entry(name: str) -> None:
        raise AssertionError("a stage ran")

    monkeypatch.setattr(pipeline, "entry", entry)

    def run(text: str, last: str | None = None) -> str:
        place = tmp_path / "film.toml"
        place.write_text(text)
        with pytest.raises(ProjectError) as caught:
            pipeline.run(Job(load_project(place), tmp_path, Silence()), last=last)
        assert str(caught.value).startswith(f"{place}: ")
        return str(caught.value)

    return run


def test_a_film_without_colour_says_how_to_come_to_some(refused: Run) -> None:
    told = refused(SOURCE)
    assert "names nothing to take colour from; add a [reference], or paint frames" in told
    assert "unfade pairs export" in told
    assert "unfade pairs add" in told


def test_ingest_needs_no_colour(tmp_path: Path, refused: Run) -> None:
    with pytest.raises(AssertionError, match="a stage ran"):
        refused(SOURCE, "ingest")


@pytest.mark.parametrize("start", ["", '[train]\nstart_from = "none.safetensors"\n'])
def test_files_that_are_not_there_are_named(tmp_path: Path, refused: Run, start: str) -> None:
    if start:
        (tmp_path / "painted.png").touch()
        assert "'train.start_from' names none.safetensors, which is not there" in refused(
            SOURCE + PAIR + start
        )
    else:
        assert "the [[pair]] at source frame 12 names painted.png, which is not there" in refused(
            SOURCE + PAIR
        )


def test_a_pattern_of_a_shell_is_put_right(tmp_path: Path, refused: Run) -> None:
    for frame in (1, 2):
        (tmp_path / f"scan.{frame:04d}.dpx").touch()
    told = refused(SOURCE.replace("scan.%04d.dpx", "*.dpx") + PAIR)
    assert "'source.path' is '*.dpx', which is not there; scan.%04d.dpx is, name that" in told
