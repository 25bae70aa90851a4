"""The work directory: atomic writes, artefacts, elements, digests and relocated files."""

import errno
import json
import os
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from unfade.errors import MediaError, WorkError
from unfade.film.clip import Area, Clips
from unfade.film.naming import clip_name
from unfade.film.pair import Pair
from unfade.film.time import FrameRange
from unfade.project.settings import (
    FilmSection,
    PairSection,
    Project,
    ReferenceSection,
    SourceSection,
)
from unfade.work.digest_cache import DIGEST_CACHE, ELEMENT_DIGESTS, digest
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.writing import writing

from ..fixtures import make_clip


@pytest.fixture
def job(tmp_path: Path) -> Job:
    project = Project(
        film=FilmSection(title="x"),
        source=SourceSection(path="a"),
        reference=(ReferenceSection(path="b", name="b"),),
    )
    return Job(project, tmp_path, SilentProgress())


def clips() -> Clips:
    clip = make_clip(
        "scan.%06d.dpx",
        FrameRange(first=1001, last=1048),
        2048,
        1556,
        rate=Fraction(24000, 1001),
        colorspace="ACEScg",
        live_area=Area(x=1, y=2, width=3, height=4),
    )
    return Clips(source=clip)


def test_an_artefact_survives_a_round_trip(job: Job) -> None:
    job.save(clips())
    assert job.load(Clips) == clips()
    assert '"schema": "Clips.3"' in (job.root / Clips.PATH).read_text()


def test_a_missing_artefact_names_the_stage_to_run(job: Job) -> None:
    with pytest.raises(WorkError, match="run 'unfade ingest' first"):
        job.load(Clips)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ('{"schema": "Clips.3"}', "is damaged"),
        ("[]", r"is of another version of Unfade \(holds no schema, expected Clips\.3\)"),
        ('{"schema": "Clips.9"}', r"is of another version of Unfade \(holds Clips\.9, expected"),
    ],
)
def test_an_artefact_that_cannot_be_read_is_named(job: Job, text: str, fault: str) -> None:
    job.folder("ingest")
    (job.root / Clips.PATH).write_text(text)
    with pytest.raises(WorkError, match=fault) as caught:
        job.load(Clips)
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("old")

    def fail() -> None:
        with writing(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, job: Job) -> None:
    (tmp_path / "03-align").write_text("in the way")
    with pytest.raises(WorkError, match="03-align: cannot be made"):
        job.folder("align")


def test_an_element_follows_the_frames_of_a_sequence(job: Job) -> None:
    (job.root / "scan.0001.dpx").write_text("a")
    before = job.element("the source", "scan.%04d.dpx")
    (job.root / "notes.txt").write_text("not a frame")
    assert job.element("the source", "scan.%04d.dpx") == before
    (job.root / "scan.0002.dpx").write_text("b")
    after = job.element("the source", "scan.%04d.dpx")
    assert before is not None
    assert after is not None
    assert (before.files, after.files) == (1, 2)
    assert job.element("the source", "other.%04d.dpx") is None


@pytest.mark.parametrize("path", ["scan", "scan/s.%04d.dpx", "scan/s.0001.dpx"])
def test_an_element_that_is_moved_or_touched_is_the_same(job: Job, path: str) -> None:
    (job.root / "scan").mkdir()
    (job.root / "scan/s.0001.dpx").write_text("a")
    before = job.element("the source", path)
    os.utime(job.root / "scan/s.0001.dpx", ns=(1, 1))
    assert job.element("the source", path) == before
    shutil.copytree(job.root / "scan", job.root / "disk/scan")
    assert job.element("the source", f"disk/{path}") == before
    (job.root / "disk/scan/s.0001.dpx").write_text("b")
    assert job.element("the source", f"disk/{path}") != before


def test_an_element_that_is_a_pipe_is_refused(job: Job) -> None:
    os.mkfifo(job.root / "scan.mov")
    with pytest.raises(MediaError, match=r"scan\.mov: is no regular file"):
        job.element("the source", "scan.mov")


def test_a_pipe_or_a_link_to_nothing_is_no_file_of_a_sequence(job: Job) -> None:
    (job.root / "s.0001.exr").write_bytes(b"picture")
    os.mkfifo(job.root / "s.0002.exr")
    (job.root / "s.0003.exr").symlink_to("gone")
    found = job.element("the source", "s.%04d.exr")
    assert found is not None
    assert found.files == 1


def test_a_file_that_goes_away_meanwhile_is_named(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = job.root / "s.0001.exr"
    path.write_bytes(b"picture")

    def removed(file: Path) -> str:
        file.unlink()
        return digest(file)

    monkeypatch.setattr(job.digests, "read", removed)
    with pytest.raises(MediaError, match=r"s\.0001\.exr: was removed"):
        job.element("the source", "s.%04d.exr")


def write_twin_reels(job: Job) -> None:
    """Two reels whose files have the same name, size and time, but other content."""
    for reel in ("a", "b"):
        (job.root / reel).mkdir()
        (job.root / reel / "s.0001.dpx").write_text(reel)
        os.utime(job.root / reel / "s.0001.dpx", ns=(1, 1))


@pytest.mark.parametrize("path", ["", "/s.%04d.dpx", "/s.0001.dpx"])
def test_files_of_the_same_name_size_and_time_in_another_folder_are_another_element(
    job: Job, path: str
) -> None:
    write_twin_reels(job)
    before = job.element("the source", f"a{path}")
    job.save_digests()
    assert Job(job.project, job.root, SilentProgress()).element("the source", f"b{path}") != before
    assert Job(job.project, job.root, SilentProgress()).element("the source", f"a{path}") == before


@pytest.mark.parametrize("link", ["scan", "scan/s.0001.dpx"])
def test_a_link_to_another_reel_is_another_element(job: Job, link: str) -> None:
    write_twin_reels(job)
    path = job.root / link
    path.parent.mkdir(exist_ok=True)
    found = []
    for reel in ("a", "b"):
        path.unlink(missing_ok=True)
        path.symlink_to(job.root / link.replace("scan", reel))
        found.append(job.element("the source", "scan/s.%04d.dpx"))
    assert found[0] != found[1]
    assert None not in found


@pytest.mark.parametrize("fault", [errno.EIO, errno.EACCES])
def test_an_unreadable_file_of_a_sequence_has_a_fingerprint(
    job: Job, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    """Its digest changes when the file can be read again; a movie must be readable."""
    for number in (1, 2):
        (job.root / f"s.{number}.dpx").write_text("frame")
    whole = job.element("the source", "s.%d.dpx")

    def read(path: Path) -> str:
        if path.name == "s.2.dpx":
            raise OSError(fault, os.strerror(fault), str(path))
        return digest(path)

    later = Job(job.project, job.root, SilentProgress())
    monkeypatch.setattr(later.digests, "read", read)
    damaged = later.element("the source", "s.%d.dpx")
    assert damaged is not None
    assert damaged.files == 2
    assert damaged != whole
    monkeypatch.setattr(later.digests, "read", digest)
    assert later.element("the source", "s.%d.dpx") == whole
    monkeypatch.setattr(later.digests, "read", read)
    with pytest.raises(OSError, match=os.strerror(fault)):
        later.element("the reference dvd", "s.2.dpx")


def test_a_file_is_read_once_even_by_a_later_process(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.save(clips())
    found = job.digest(job.root / Clips.PATH)
    job.save_digests()
    monkeypatch.setattr("unfade.work.digest_cache.digest", None)
    later = Job(job.project, job.root, SilentProgress())
    assert later.digest(job.root / Clips.PATH) == found
    later.save_digests()
    (job.root / DIGEST_CACHE).write_text("[1")
    monkeypatch.undo()
    assert Job(job.project, job.root, SilentProgress()).digest(job.root / Clips.PATH) == found


def test_digests_of_files_that_are_gone_are_dropped(job: Job) -> None:
    """Those of an element only if it was scanned again."""
    for name in ("s.1.dpx", "s.2.dpx", "dvd.mov"):
        (job.root / name).write_text(name)
    job.save(clips())
    job.digest(job.root / Clips.PATH)
    job.element("the source", "s.%d.dpx")
    job.element("the reference dvd", "dvd.mov")
    job.save_digests()
    for name in ("s.1.dpx", "dvd.mov", Clips.PATH):
        (job.root / name).unlink()
    (job.root / "s.3.dpx").write_text("new")
    later = Job(job.project, job.root, SilentProgress())
    later.element("the source", "s.%d.dpx")
    later.save_digests()
    assert json.loads((job.root / DIGEST_CACHE).read_text())["entries"] == {}
    assert json.loads((job.root / ELEMENT_DIGESTS).read_text()).keys() == {
        "<the source>/s.2.dpx",
        "<the source>/s.3.dpx",
        "<the reference dvd>/dvd.mov",
    }


def _reel_of_two(job: Job) -> None:
    for name in ("s.1.dpx", "s.2.dpx"):
        (job.root / name).write_text(name)


def test_the_digests_of_the_files_of_an_element_are_read_only_if_it_has_changed(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    _reel_of_two(job)
    whole = job.element("the source", "s.%d.dpx")
    job.save_digests()
    stored = (job.root / ELEMENT_DIGESTS).read_text()
    (job.root / ELEMENT_DIGESTS).unlink()
    monkeypatch.setattr("unfade.work.digest_cache.digest", None)
    assert Job(job.project, job.root, SilentProgress()).element("the source", "s.%d.dpx") == whole

    (job.root / ELEMENT_DIGESTS).write_text(stored)
    (job.root / "s.3.dpx").write_text("new")
    read: list[str] = []

    def spy(path: Path) -> str:
        read.append(path.name)
        return digest(path)

    later = Job(job.project, job.root, SilentProgress())
    monkeypatch.setattr(later.digests, "read", spy)
    assert later.element("the source", "s.%d.dpx") != whole
    assert read == ["s.3.dpx"]


def test_a_file_of_an_element_that_cannot_be_read_is_tried_again(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    _reel_of_two(job)

    def fail(path: Path) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(job.digests, "read", fail)
    damaged = job.element("the source", "s.%d.dpx")
    job.save_digests()
    later = Job(job.project, job.root, SilentProgress())
    assert later.element("the source", "s.%d.dpx") not in (damaged, None)


def test_digests_that_an_earlier_version_stored_in_one_file_are_taken_over(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.save(clips())
    _reel_of_two(job)
    found = job.digest(job.root / Clips.PATH), job.element("the source", "s.%d.dpx")
    job.save_digests()
    former = json.loads((job.root / ELEMENT_DIGESTS).read_text())
    former |= json.loads((job.root / DIGEST_CACHE).read_text())["entries"]
    (job.root / ELEMENT_DIGESTS).unlink()
    (job.root / DIGEST_CACHE).write_text(json.dumps(former))

    monkeypatch.setattr("unfade.work.digest_cache.digest", None)
    for _ in range(2):
        later = Job(job.project, job.root, SilentProgress())
        assert later.digest(job.root / Clips.PATH) == found[0]
        assert later.element("the source", "s.%d.dpx") == found[1]
        later.save_digests()
    assert json.loads((job.root / DIGEST_CACHE).read_text())["elements"].keys() == {"the source"}


@pytest.mark.parametrize(
    ("recorded", "named", "current"),
    [
        ("scan/s.%04d.exr", "scan", "disk/scan/s.%04d.exr"),
        ("scan/s.%04d.exr", "scan/s.%04d.exr", "disk/scan/s.%04d.exr"),
        ("/old/reel.mov", "reel.mov", "disk/reel.mov"),
    ],
)
def test_clips_follow_the_path_in_film_toml(
    job: Job, recorded: str, named: str, current: str
) -> None:
    (job.root / "disk/scan").mkdir(parents=True)
    job.save(Clips(source=clips().source.model_copy(update={"path": recorded})))
    source = SourceSection(path=f"disk/{named}")
    moved = Job(job.project.model_copy(update={"source": source}), job.root, SilentProgress())
    assert moved.clips().source.path == str(job.root / current)


def test_pictures_follow_the_path_in_film_toml(job: Job) -> None:
    section = PairSection(source=7, reference="disk/7.png")
    project = job.project.model_copy(update={"pair": (section,)})
    moved = Job(project, job.root, SilentProgress())
    assert moved.picture(Pair(source=7, picture="old/7.png", shot=1)) == str(
        job.root / "disk/7.png"
    )
    assert moved.picture(Pair(source=8, picture="old/8.png", shot=1)) == str(job.root / "old/8.png")


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
