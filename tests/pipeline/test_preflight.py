"""Missing files and frames of film.toml are errors before a stage runs."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Clips
from unfade.film.time import FrameRange
from unfade.media import write_png
from unfade.pipeline import disk_space
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import Progress, SilentProgress

from ..fixtures import RecordingProgress, make_clip, write_certificates

SOURCE = '[film]\ntitle = "Reel"\n[source]\npath = "scan.%04d.dpx"\n'
PAIR = '[[pair]]\nsource = 12\nreference = "painted.png"\n'

CLIP = make_clip("scan.%04d.dpx", FrameRange(first=10, last=19), 100, 80)

SILENT = SilentProgress()

Run = Callable[..., str]
AfterIngest = tuple[list[str], Callable[..., None]]


def run_without_stages(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, last: str | None = None
) -> None:
    """Runs a film.toml up to its first stage, which raises an AssertionError."""

    def stage_function(name: str) -> None:
        raise AssertionError("a stage ran")

    monkeypatch.setattr(pipeline, "stage_function", stage_function)
    path = folder / "film.toml"
    path.write_text(text)
    pipeline.run(Job(load_project(path), folder, SILENT), last=last)


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a film.toml that must be refused before any stage runs; returns the message."""

    def run(text: str, last: str | None = None) -> str:
        with pytest.raises(ProjectError) as caught:
            run_without_stages(tmp_path, monkeypatch, text, last)
        assert str(caught.value).startswith(f"{tmp_path / 'film.toml'}: ")
        return str(caught.value)

    return run


def test_a_film_without_references_is_refused_with_remedies(refusal: Run) -> None:
    message = refusal(SOURCE)
    assert "names nothing to take colour from; add a [reference], state colours" in message
    assert "unfade construct" in message
    assert "unfade pairs export" in message
    assert "unfade pairs add" in message


@pytest.mark.parametrize("last", ["ingest", "curate"])
def test_the_first_stages_need_no_colour(refusal: Run, last: str) -> None:
    with pytest.raises(AssertionError, match="a stage ran"):
        refusal(SOURCE, last)


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


@pytest.mark.parametrize("render", ["first = 2000", "last = 3"])
def test_frames_outside_a_movie_are_refused_after_ingest(
    after_ingest: AfterIngest, render: str
) -> None:
    ran, run = after_ingest
    with pytest.raises(
        ProjectError, match=r"no frame .* 'render\.last'; set them to frames from 10"
    ):
        run(f"[render]\n{render}\n")
    assert ran == ["ingest"]
    run(f"[render]\n{render}\n", last="ingest")


@pytest.fixture
def after_ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AfterIngest:
    """The names of the stages that ran, and the run of a film.toml of a movie; no stage but ingest
    does anything."""
    ran: list[str] = []

    def stage_function(name: str) -> Callable[[Job], None]:
        def run(job: Job) -> None:
            ran.append(name)
            if name == "ingest":
                job.save(Clips(source=CLIP))

        return run

    monkeypatch.setattr(pipeline, "stage_function", stage_function)
    for name in ("scan.mov", "painted.png"):
        (tmp_path / name).touch()
    path = tmp_path / "film.toml"

    def run(lines: str, last: str | None = None, progress: Progress = SILENT) -> None:
        path.write_text(SOURCE.replace("scan.%04d.dpx", "scan.mov") + PAIR + lines)
        pipeline.run(Job(load_project(path), tmp_path, progress), last=last)

    return ran, run


@pytest.mark.parametrize("key", ["train.preview", "curate.add", "curate.drop"])
def test_numbered_files_show_at_once_that_a_frame_is_not_there(
    tmp_path: Path, refusal: Run, key: str
) -> None:
    for frame in range(10, 20):
        (tmp_path / f"scan.{frame:04d}.dpx").touch()
    (tmp_path / "painted.png").touch()
    section, name = key.split(".")
    message = refusal(f"{SOURCE}last = 18\n{PAIR}[{section}]\n{name} = [18, 19]\n")
    assert f"'{key}' names frame 19, but the scan has the frames 10 to 18; name one" in message


def test_previews_of_a_movie_are_checked_after_ingest(after_ingest: AfterIngest) -> None:
    ran, run = after_ingest
    with pytest.raises(ProjectError, match=r"'train\.preview' names frame 9, but the scan has"):
        run("[train]\npreview = [9]\n")
    assert ran == ["ingest"]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (
            "[[101.0, 5.0, 5.0, 5.0]]",
            r"'points' of the \[\[pair\]\] at source frame 12: point 1 is at 101, 5 in the scan",
        ),
        (
            "[[5.0, 5.0, 5.0, 65.0]]",
            r"source frame 12: point 1 is at 5, 65 in the reference, which is 48 x 64 pixels; move",
        ),
    ],
)
def test_points_outside_the_pictures_are_refused_after_ingest(
    tmp_path: Path, after_ingest: AfterIngest, points: str, expected: str
) -> None:
    ran, run = after_ingest
    write_png(tmp_path / "painted.png", torch.zeros(3, 64, 48))
    with pytest.raises(ProjectError, match=expected):
        run(f"points = {points}\n")
    assert ran == ["ingest"]


@pytest.fixture
def painted(tmp_path: Path) -> None:
    (tmp_path / "painted.png").touch()


@pytest.mark.usefixtures("painted")
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('movie = "dnxhr"\nsize = "128x96"', "has at least 256 x 120 pixels, the movie 128 x 96"),
        ('size = "64x44"', "'deliver.size' is '64x44', which leaves no room for the picture"),
    ],
)
def test_a_size_that_no_scan_fits_is_refused_before_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, message: str
) -> None:
    with pytest.raises(ProjectError, match=message):
        run_without_stages(tmp_path, monkeypatch, f"{SOURCE}{PAIR}[deliver]\n{lines}\n")


def test_a_size_that_this_scan_does_not_fit_is_refused_after_ingest(
    after_ingest: AfterIngest,
) -> None:
    """The scan is narrower than the raster, and nothing fills it."""
    ran, run = after_ingest
    lines = 'movie = "dnxhr"\nburn_in = false\npadding = false\nsize = "256x120"\n'
    with pytest.raises(ProjectError, match="has at least 256 x 120 pixels, the movie 150 x 120"):
        run("[deliver]\n" + lines)
    assert ran == ["ingest"]


@pytest.mark.usefixtures("painted")
def test_a_model_to_start_from_is_read_before_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.safetensors").write_text("no model")
    text = f'{SOURCE}{PAIR}[train]\nstart_from = "old.safetensors"\n'
    with pytest.raises(ProjectError, match=r"old\.safetensors: holds no model"):
        run_without_stages(tmp_path, monkeypatch, text)


@pytest.mark.usefixtures("painted")
def test_a_strict_container_in_another_space_is_refused_before_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'{SOURCE}{PAIR}[render]\nstrict = true\ncolorspace = "ACEScg"\n'
    with pytest.raises(ProjectError, match=r"'render\.colorspace' is 'ACEScg', but a strict"):
        run_without_stages(tmp_path, monkeypatch, text)


@pytest.mark.usefixtures("painted")
def test_a_folder_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "06-render").touch()
    with pytest.raises(WorkError, match="06-render: is no folder that you may write to; give"):
        run_without_stages(tmp_path, monkeypatch, SOURCE + PAIR)


@pytest.mark.usefixtures("painted")
def test_a_folder_whose_disk_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "06-render").symlink_to("/nowhere/masters")
    with pytest.raises(WorkError, match="06-render: is a link to /nowhere/masters, which is not"):
        run_without_stages(tmp_path, monkeypatch, SOURCE + PAIR)


@pytest.mark.usefixtures("painted")
@pytest.mark.parametrize("fault", ["missing", "no key"])
def test_a_signer_that_cannot_sign_is_refused_before_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    pytest.importorskip("c2pa", reason="the extra unfade[c2pa] is not installed")
    _, key = write_certificates(tmp_path)
    names = '[deliver]\nc2pa_certificate = "archive.pem"\nc2pa_key = "archive.key"\n'
    with pytest.raises(AssertionError, match="a stage ran"):
        run_without_stages(tmp_path, monkeypatch, SOURCE + PAIR + names)
    if fault == "missing":
        key.unlink()
        message = r"archive\.key: cannot be read .* correct .deliver\.c2pa_key"
    else:
        key.write_text("no key")
        message = r"archive\.pem: cannot sign with it and archive\.key"
    with pytest.raises(ProjectError, match=message):
        run_without_stages(tmp_path, monkeypatch, SOURCE + PAIR + names)


@pytest.mark.parametrize(
    ("render", "needed"),
    [
        ('compression = "none"', 480_000),
        ('format = "dpx"\nbits = 10', 320_000),
        ('compression = "none"\nfirst = 18', 96_000),
    ],
)
def test_masters_that_do_not_fit_on_the_disk_are_refused_after_ingest(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after_ingest: AfterIngest,
    render: str,
    needed: int,
) -> None:
    """Ten frames of 100 x 80 pixels. Masters that are there already count as free space."""
    ran, run = after_ingest
    (tmp_path / "06-render").mkdir()
    (tmp_path / "06-render/reel.exr").write_bytes(b"0" * 1000)
    disk = SimpleNamespace(free=needed - 1001)
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda where: disk)
    with pytest.raises(WorkError, match=r"06-render: \d+ masters of 100 x 80 pixels take .* free"):
        run(f"[render]\n{render}\n")
    assert ran == ["ingest"]
    disk.free += 1
    run(f"[render]\n{render}\n", last="render")
    assert ran[-1] == "render"


def test_masters_that_a_bag_holds_too_free_no_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_ingest: AfterIngest
) -> None:
    """They need none if they stay, so that there is a remark and no error."""
    ran, run = after_ingest
    (tmp_path / "06-render").mkdir()
    (tmp_path / "06-render/reel.exr").write_bytes(b"0" * 1000)
    (tmp_path / "bag.exr").hardlink_to(tmp_path / "06-render/reel.exr")
    disk = SimpleNamespace(free=479_000)
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda where: disk)
    shown = RecordingProgress()
    run('[render]\ncompression = "none"\n', "render", shown)
    assert ran[-1] == "render"
    assert any("10 masters" in message for message in shown.messages)
    disk.free = 470_000
    with pytest.raises(WorkError, match="10 masters"):
        run('[render]\ncompression = "none"\nversion = 2\n')


def test_a_change_early_in_the_film_asks_for_the_space_of_all_that_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_ingest: AfterIngest
) -> None:
    """Render is fresh when the run begins, and is stale once the film has more frames."""
    _, run = after_ingest
    run('[render]\ncompression = "none"\n')
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda where: SimpleNamespace(free=0))
    run('[render]\ncompression = "none"\n')
    with pytest.raises(WorkError, match="10 masters"):
        run('[align]\nmax_residual = 2.5\n[render]\ncompression = "none"\n')


@pytest.mark.parametrize(("compression", "size"), [("zip", "0.5 MB"), ("dwaa", "0.2 MB")])
def test_compressed_masters_that_may_not_fit_are_a_remark(
    monkeypatch: pytest.MonkeyPatch, after_ingest: AfterIngest, compression: str, size: str
) -> None:
    ran, run = after_ingest
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda where: SimpleNamespace(free=0))
    shown = RecordingProgress()
    run(f'[render]\ncompression = "{compression}"\n', "render", shown)
    assert ran[-1] == "render"
    (said,) = [message for message in shown.messages if "06-render" in message]
    sizes = f"take up to {size}, and 0.0 MB are free"
    assert f"10 masters of 100 x 80 pixels {sizes}; make free" in said
