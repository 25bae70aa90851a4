"""The work directory: whole files or none, and artefacts that know what they are."""

from fractions import Fraction
from pathlib import Path

import pytest

from unfade.console import Silence
from unfade.errors import WorkError
from unfade.film.clip import Area, Clip, Clips
from unfade.film.element import fingerprint
from unfade.film.naming import clip_name
from unfade.film.project import ClipSection, FilmSection, Project, ReferenceSection
from unfade.film.time import FrameRange
from unfade.film.work import Job, clear_partials, writing


@pytest.fixture
def job(tmp_path: Path) -> Job:
    project = Project(
        film=FilmSection(title="x"),
        source=ClipSection(path="a"),
        reference=(ReferenceSection(path="b", name="b"),),
    )
    return Job(project, tmp_path, Silence())


def clips() -> Clips:
    clip = Clip(
        path="scan.%06d.dpx",
        kind="sequence",
        frames=FrameRange(first=1001, last=1048),
        rate=Fraction(24000, 1001),
        width=2048,
        height=1556,
        pixel_aspect=Fraction(1),
        colorspace="ACEScg",
        live_area=Area(x=1, y=2, width=3, height=4),
    )
    return Clips(source=clip)


def test_an_artefact_comes_back_as_it_was(job: Job) -> None:
    job.save(clips())
    assert job.load(Clips) == clips()
    assert '"schema": "Clips.2"' in (job.root / Clips.PLACE).read_text()


def test_a_missing_artefact_names_the_stage_to_run(job: Job) -> None:
    with pytest.raises(WorkError, match="run 'unfade ingest' first"):
        job.load(Clips)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "Clips.9"}', '{"schema": "Clips.2"}'])
def test_a_damaged_artefact_is_named(job: Job, text: str) -> None:
    job.folder("ingest")
    (job.root / Clips.PLACE).write_text(text)
    with pytest.raises(WorkError, match="is damaged") as caught:
        job.load(Clips)
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    place = tmp_path / "kept.txt"
    place.write_text("old")

    def fail() -> None:
        with writing(place) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    with writing(tmp_path / "frame.exr") as temporary:
        left = tmp_path / f"{temporary.stem}x{temporary.suffix}"
        left.write_text("half")
        temporary.write_text("whole")
    clear_partials(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["frame.exr"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, job: Job) -> None:
    (tmp_path / "03-align").write_text("in the way")
    with pytest.raises(WorkError, match="03-align: cannot be made"):
        job.folder("align")


def test_a_fingerprint_follows_the_frames_of_a_sequence(tmp_path: Path) -> None:
    pattern = str(tmp_path / "scan.%04d.dpx")
    (tmp_path / "scan.0001.dpx").write_text("a")
    before = fingerprint(pattern)
    (tmp_path / "notes.txt").write_text("not a frame")
    assert fingerprint(pattern) == before
    (tmp_path / "scan.0002.dpx").write_text("b")
    assert fingerprint(pattern) != before


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("dvd/title01.mkv", "title01"),
        ("print/%06d.dpx", "print"),
        ("50%discount/####.png", "50-discount"),
        ("%04d/reel.%04d.dpx", "reel"),
        ("100%.mkv", "100"),
    ],
)
def test_name_of_a_clip(path: str, name: str) -> None:
    assert clip_name(path) == name
