"""The ingest stage: artefact, proxies, overview picture, errors."""

import resource
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from unfade.errors import MediaError, ProjectError, WorkError
from unfade.film.clip import SOURCE_PROXY, Area, Clip, Clips, reference_proxy
from unfade.film.time import FrameRange
from unfade.ingest import units
from unfade.ingest.proxy import make_proxy, proxy_size
from unfade.media import MovieWriter, read, read_or_fault, read_picture, write_dpx
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.progress import Item, SilentProgress
from unfade.work.units import UNITS_FOLDER

from ..fixtures import make_clip, run_anew

PICTURE = Area(x=20, y=12, width=152, height=108)
TINT = [[[1.0]], [[0.8]], [[0.6]]]
"""A colour that a reference may have."""
PAIRS = [{"source": 101, "reference": "painted.png"}]


class Quiet:
    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        count = 0
        for item in items:
            count += 1
            yield item
        assert total in (count, 0)

    def say(self, message: str) -> None:
        pass


def scanned(number: int) -> torch.Tensor:
    """A frame of 192 x 132 with a dark border around `PICTURE`; its red encodes the number."""
    frame = torch.full((3, 132, 192), 0.03)
    inside = frame[:, 12:120, 20:172]
    across = torch.linspace(0, 6, PICTURE.width)
    inside[:] = 0.4 + 0.2 * torch.sin(across + number)
    inside[0] = number / 20
    return frame


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "scan").mkdir()
    for number in range(100, 112):
        write_dpx(tmp_path / "scan" / f"r.{number}.dpx", scanned(number - 100))
    with MovieWriter(
        tmp_path / "dvd.mkv",
        codec="mpeg2video",
        width=180,
        height=144,
        rate=Fraction(25),
        pixel_aspect=Fraction(16, 15),
        matrix="bt601",
    ) as movie:
        for number in range(8):
            movie.write(torch.full((3, 144, 180), 0.3 + number / 20))
    return tmp_path


def job(root: Path, source: dict[str, Any] | None = None, **sections: Any) -> Job:
    fields = {
        "film": {"title": "Test"},
        "source": {"path": "scan/r.%03d.dpx", **(source or {})},
        "reference": {"path": "dvd.mkv"},
        **sections,
    }
    project = Project.model_validate({key: value for key, value in fields.items() if value})
    return Job(project=project, root=root, progress=Quiet())


def test_a_full_disk_is_an_error_and_leaves_no_partial_file(film: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with pytest.raises(WorkError, match=r"01-ingest/.*: cannot be written .* free space"):
            run_anew("ingest", job(film))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (film / SOURCE_PROXY).exists()
    assert not list((film / "01-ingest").rglob("*.partial*"))
    run_anew("ingest", job(film))
    assert len(np.load(film / SOURCE_PROXY)) == 12


@pytest.mark.parametrize(
    ("path", "recorded"), [("scan", "scan/r.%03d.dpx"), ("scan/r.###.dpx", "scan/r.###.dpx")]
)
def test_the_recorded_path_is_read_later(film: Path, path: str, recorded: str) -> None:
    run_anew("ingest", job(film, {"path": path}))
    assert job(film).load(Clips).source.path == recorded
    source = job(film, {"path": path}).clips().source
    assert [frame for frame, _ in read(source, [100, 111])] == [100, 111]


def test_ingest_writes_clips_proxies_and_overview(film: Path) -> None:
    run_anew("ingest", job(film))

    clips = job(film).load(Clips)
    assert (clips.source.frames.first, clips.source.frames.last) == (100, 111)
    area = clips.source.live_area
    assert 21 <= area.x <= 24
    assert 13 <= area.y <= 16
    assert 168 <= area.x + area.width <= 171
    assert 116 <= area.y + area.height <= 119
    assert len(clips.references["dvd"].frames) == 8
    assert clips.references["dvd"].live_area == Area(x=0, y=0, width=180, height=144)

    source = np.load(film / SOURCE_PROXY, mmap_mode="r")
    assert source.shape[0] == 12
    assert source.shape[2:] == (128, 3)
    assert source.shape[1] == 2 * round(128 * area.height / area.width / 2)
    assert source.dtype == np.uint8
    for number in range(12):
        assert abs(int(source[number, 40, 60, 0]) - number / 20 * 255) <= 1
    reference = np.load(film / reference_proxy("dvd"), mmap_mode="r")
    assert reference.shape == (8, 96, 128, 3)
    assert reference[7].mean() == pytest.approx((0.3 + 7 / 20) * 255, abs=2.5)
    picture = read_picture(film / "01-ingest" / "live-area.png")
    assert picture.shape[1] == 540
    assert sorted(path.name for path in (film / "01-ingest").iterdir() if path.is_file()) == [
        "clips.json",
        "live-area.png",
        "reference-dvd-proxy.npy",
        "source-proxy.npy",
    ]


def test_without_a_reference(film: Path) -> None:
    pair = {"source": 101, "reference": "painted.png"}
    run_anew("ingest", job(film, reference=None, pair=[pair]))
    assert job(film).load(Clips).references == {}
    assert not (film / reference_proxy("dvd")).exists()


def test_live_area_of_film_toml_overrides_detection(film: Path) -> None:
    run_anew("ingest", job(film, {"live_area": [20, 10, 80, 64]}))
    assert job(film).load(Clips).source.live_area == Area(x=20, y=10, width=80, height=64)
    assert np.load(film / SOURCE_PROXY).shape == (12, 102, 128, 3)
    with pytest.raises(
        ProjectError, match=r"'source\.live_area' \[20, 10, 200, 64\] reaches beyond"
    ):
        run_anew("ingest", job(film, {"live_area": [20, 10, 200, 64]}))


def test_a_damaged_frame_is_an_error_and_leaves_no_artefact(film: Path) -> None:
    damaged = film / "scan" / "r.111.dpx"
    damaged.write_bytes(damaged.read_bytes()[:-400])
    with pytest.raises(MediaError, match=r"r.%03d.dpx: 1 of 12 .*, 111: cannot be read"):
        run_anew("ingest", job(film))
    assert not (film / Clips.PATH).exists()
    assert not list((film / "01-ingest").glob(".*"))


def test_proxy_has_square_pixels_and_is_averaged() -> None:
    clip = make_clip(
        "x",
        FrameRange(first=0, last=0),
        800,
        600,
        kind="still",
        pixel_aspect=Fraction(2),
        live_area=Area(x=144, y=56, width=512, height=512),
    )
    assert proxy_size(clip) == (128, 64)
    picture = torch.full((3, 600, 800), 9.0)
    checks = torch.zeros(512, 512)
    checks[::2, ::2] = checks[1::2, 1::2] = 0.5
    picture[:, 56:568, 144:656] = checks
    proxy = make_proxy(picture, clip)
    assert proxy.shape == (64, 128, 3)
    assert set(proxy.flatten().tolist()) == {64}


def test_an_alpha_channel_is_ignored_with_a_message(film: Path) -> None:
    messages: list[str] = []

    class Recorder(Quiet):
        def say(self, message: str) -> None:
            messages.append(message)

    rgba = np.full((132, 192, 4), 120, np.uint8)
    rgba[12:120, 20:172] += np.arange(152, dtype=np.uint8)[None, :, None] % 90
    for number in range(3):
        assert cv2.imwrite(str(film / f"scan/a.{number}.png"), rgba)
    project = job(film, {"path": "scan/a.%d.png"}, reference=None, pair=PAIRS).project
    run_anew("ingest", Job(project, film, Recorder()))
    ignored = [message for message in messages if "ignored" in message]
    assert ignored == ["source: channels without colour are ignored: A"]


def test_a_movie_without_random_access_is_decoded_once(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joined files repeat their times, so that no index finds a frame."""
    (film / "dvd.mkv").unlink()
    with MovieWriter(
        film / "dvd.ts", codec="mpeg2video", width=180, height=144, rate=Fraction(25)
    ) as movie:
        for number in range(8):
            movie.write(torch.full((3, 144, 180), 0.3 + number / 20) * torch.tensor(TINT))
    (film / "dvd.ts").write_bytes((film / "dvd.ts").read_bytes() * 2)
    read_ranges = []

    def recorded(clip: Clip, numbers: Iterable[int], colors: Any) -> Any:
        frames = [*numbers]
        read_ranges.append((clip.kind, len(frames)))
        return read_or_fault(clip, frames, colors)

    monkeypatch.setattr(units, "read_or_fault", recorded)
    monkeypatch.setattr(units, "_READ_FRAMES_A_UNIT", 5)
    project = job(film, reference={"path": "dvd.ts"}).project
    run_anew("ingest", Job(project, film, SilentProgress()))
    count = len(job(film).load(Clips).references["dvd"].frames)
    assert count > 12
    of_units = [5, 5, 2]
    looked_at = [("sequence", 12), ("movie", count)]
    assert read_ranges == [*looked_at, ("movie", count), *(("sequence", n) for n in of_units)]
    assert len(np.load(film / reference_proxy("dvd"))) == count
    names = [path.name for path in (film / "01-ingest" / UNITS_FOLDER).glob("*.safetensors")]
    assert [name for name in names if name.startswith("reference")] == [
        "reference1-probe.safetensors"
    ]


@pytest.mark.parametrize(
    ("tint", "fault"),
    [((1.0, 1.0, 1.0), "is black and white"), ((1.1, 1.0, 0.7), "has one tint all over")],
)
def test_a_reference_without_colour_is_an_error_before_the_scan_is_read(
    film: Path, tint: tuple[float, float, float], fault: str
) -> None:
    toned = torch.tensor(tint)[:, None, None]
    with MovieWriter(
        film / "dvd.mkv", codec="mpeg2video", width=180, height=144, rate=Fraction(25),
        pixel_aspect=Fraction(16, 15), matrix="bt601",
    ) as movie:  # fmt: skip
        for number in range(8):
            wave = 0.45 + 0.3 * torch.sin(torch.linspace(number, number + 9, 180))
            movie.write(toned * wave.expand(3, 144, 180))
    with pytest.raises(MediaError, match=rf"dvd\.mkv: {fault}.*\[\[pair\]\]"):
        run_anew("ingest", job(film))
    assert not (film / SOURCE_PROXY).exists()
