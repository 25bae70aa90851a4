"""Missing files and frames of film.toml are errors before a stage runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from unfade.errors import ProjectError
from unfade.film.clip import Clips
from unfade.film.time import FrameRange
from unfade.media import write_png
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import make_clip

SOURCE = '[film]\ntitle = "Reel"\n[source]\npath = "scan.%04d.dpx"\n'
PAIR = '[[pair]]\nsource = 12\nreference = "painted.png"\n'

CLIP = make_clip("scan.%04d.dpx", FrameRange(first=10, last=19), 100, 80)

Run = Callable[..., str]


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a film.toml that must be refused before any stage runs; returns the message."""

    def stage_function(name: str) -> None:
        raise AssertionError("a stage ran")

    monkeypatch.setattr(pipeline, "stage_function", stage_function)

    def run(text: str, last: str | None = None) -> str:
        path = tmp_path / "film.toml"
        path.write_text(text)
        with pytest.raises(ProjectError) as caught:
            pipeline.run(Job(load_project(path), tmp_path, SilentProgress()), last=last)
        assert str(caught.value).startswith(f"{path}: ")
        return str(caught.value)

    return run


def test_a_film_without_references_is_refused_with_remedies(refusal: Run) -> None:
    message = refusal(SOURCE)
    assert "names nothing to take colour from; add a [reference], or paint frames" in message
    assert "unfade pairs export" in message
    assert "unfade pairs add" in message


def test_ingest_needs_no_colour(tmp_path: Path, refusal: Run) -> None:
    with pytest.raises(AssertionError, match="a stage ran"):
        refusal(SOURCE, "ingest")


@pytest.mark.parametrize("start", ["", '[train]\nstart_from = "none.safetensors"\n'])
def test_missing_files_are_named(tmp_path: Path, refusal: Run, start: str) -> None:
    if start:
        (tmp_path / "painted.png").touch()
        assert "'train.start_from' names none.safetensors, which is not there" in refusal(
            SOURCE + PAIR + start
        )
    else:
        assert "the [[pair]] at source frame 12 names painted.png, which is not there" in refusal(
            SOURCE + PAIR
        )


def test_for_a_wildcard_the_sequence_is_suggested(tmp_path: Path, refusal: Run) -> None:
    for frame in (1, 2):
        (tmp_path / f"scan.{frame:04d}.dpx").touch()
    message = refusal(SOURCE.replace("scan.%04d.dpx", "*.dpx") + PAIR)
    assert "'source.path' is '*.dpx', which is not there; scan.%04d.dpx is, name that" in message


def test_an_existing_folder_may_have_wildcard_characters_in_its_name(
    tmp_path: Path, refusal: Run
) -> None:
    folder = tmp_path / "reel #1 [1976]"
    folder.mkdir()
    for frame in (1, 2):
        (folder / f"scan.{frame:04d}.dpx").touch()
    message = refusal(SOURCE.replace("scan.%04d", f"{folder.name}/scan.%04d") + PAIR)
    assert "painted.png, which is not there" in message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[render]\nfirst = 2000", r"no frame .* 'render\.last'; it has the frames 10 to"),
        ("[render]\nlast = 3", r"no frame .* 'render\.last'; it has the frames 10 to"),
        (
            "points = [[101.0, 5.0, 5.0, 5.0]]",
            r"'points' of the \[\[pair\]\] at source frame 12: point 1 is at 101, 5 in the scan",
        ),
        (
            "points = [[5.0, 5.0, 5.0, 65.0]]",
            r"source frame 12: point 1 is at 5, 65 in the reference, which is 48 x 64 pixels; move",
        ),
    ],
)
def test_frames_and_points_outside_the_scan_are_refused_after_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: str
) -> None:
    ran = []

    def stage_function(name: str) -> Callable[[Job], None]:
        def run(job: Job) -> None:
            ran.append(name)
            job.save(Clips(source=CLIP))

        return run

    monkeypatch.setattr(pipeline, "stage_function", stage_function)
    for frame in range(10, 20):
        (tmp_path / f"scan.{frame:04d}.dpx").touch()
    write_png(tmp_path / "painted.png", torch.zeros(3, 64, 48))
    path = tmp_path / "film.toml"
    path.write_text(f"{SOURCE}{PAIR}{line}\n")
    job = Job(load_project(path), tmp_path, SilentProgress())
    with pytest.raises(ProjectError, match=expected):
        pipeline.run(job)
    assert ran == ["ingest"]
    assert pipeline.run(job, last="ingest") in ([], ["ingest"])
