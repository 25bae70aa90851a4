"""The review movies of a delivery: format, content and luma."""

import hashlib
import json
import shutil
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
import torch
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.deliver import handover, stage
from unfade.deliver.review import frame_text, review_pictures
from unfade.drawing.movie_frame import (
    STRIP_HEIGHT_PX,
    MovieRaster,
    fit_to_movie,
    movie_frame,
    movie_raster,
)
from unfade.errors import ProjectError
from unfade.film.alignment import Alignments
from unfade.film.balance import IDENTITY_BALANCE, FilmBalance
from unfade.film.clip import Area, Clip, Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.delivery import Delivery
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.shot import Shot
from unfade.film.used_frames import UsedFrames
from unfade.media.movies.codecs import MOVIE_CODECS, MovieCodec
from unfade.model.closed_form.lut import SmoothLut
from unfade.model.closed_form.rgb_lut import display_lut
from unfade.project.settings import ClipSection, Project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import (
    make_model,
    make_rendered_frame,
    make_rendering,
    soft_shapes,
    write_grey_baseline,
)

AREA = Area(x=10, y=6, width=161, height=121)


def grey(value: float) -> Tensor:
    picture = torch.zeros(3, 140, 192)
    picture[:, AREA.y : AREA.y + AREA.height, AREA.x : AREA.x + AREA.width] = value
    return picture


@pytest.fixture(autouse=True)
def without_models_for_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take seconds and have tests of their own; the model of these jobs is a stand-in."""
    monkeypatch.setattr(handover, "load_model", lambda *where: None)
    monkeypatch.setattr(handover, "write_shots", lambda *what: None)


def make_job(
    root: Path,
    movie: str,
    scan: Tensor | None = None,
    master: Tensor | None = None,
    area: Area = AREA,
    pixel_aspect: Fraction = Fraction(1),
    rate: Fraction = Fraction(24000, 1001),
    timecode: str | None = "01:00:00:00",
    **deliver: object,
) -> Job:
    project = Project.model_validate(
        {
            "film": {"title": "Reel"},
            "source": {"path": "scan/s.%04d.dpx", "rate": str(rate)},
            "reference": {"path": "dvd.mkv"},
            "deliver": {"movie": movie, **deliver},
        }
    )
    job = Job(project, root, SilentProgress())
    (root / "scan").mkdir()
    tags = media.FrameTags(rate, timecode=timecode)
    rendered = []
    for frame in range(10, 16):
        media.write_dpx(
            root / f"scan/s.{frame:04d}.dpx", grey(0.2) if scan is None else scan, tags=tags
        )
        path = job.folder("render") / f"reel.{frame}.exr"
        media.write_exr(path, grey(0.7) if master is None else master, colorspace="ACES2065-1")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rendered.append(make_rendered_frame(frame, file=path.name, sha256=digest))
    section = ClipSection(path="scan/s.%04d.dpx", rate=rate)
    clip: Clip = media.probe(job.resolve(section.path), section)
    facts = {"live_area": area, "pixel_aspect": pixel_aspect}
    job.save(Clips(source=clip.model_copy(update=facts)))
    job.save(FilmBalance(grade=IDENTITY_BALANCE))
    job.save(PairList(shots=(Shot(number=1, frames=clip.frames),), pairs=()))
    job.save(Alignments(crop=area, admitted=()))
    job.save(UsedFrames(pairs=()))
    job.save(Report(verdict="review", measures=()))
    job.save(make_rendering(rendered))
    job.save(
        make_model(
            id="0" * 12,
            colorspace="g24_rec709",
            file="m.safetensors",
            baseline_file="b.safetensors",
        )
    )
    (job.folder("train") / "m.safetensors").write_text("model")
    write_grey_baseline(job.folder("train") / "b.safetensors")
    (job.folder("validate") / "report.html").write_text("report")
    return job


@pytest.mark.parametrize(
    ("movie", "suffix", "codec"), [("h264", "mp4", "h264"), ("prores", "mov", "prores")]
)
def test_movies_show_the_masters_and_the_split_screen(
    tmp_path: Path, movie: str, suffix: str, codec: str
) -> None:
    job = make_job(tmp_path, movie)
    stage.run(job)
    folder = job.folder("deliver") / job.load(Delivery).bag / "data/review"
    for name, left in (("recovered", 0.7), ("split", 0.2), ("lut", 0.2)):
        path = folder / f"reel-v001-{name}.{suffix}"
        clip = media.probe(str(path), ClipSection(path="x"))
        assert (len(clip.frames), clip.rate, clip.codec) == (6, Fraction(24000, 1001), codec)
        assert (clip.width, clip.height) == (160, 120 + STRIP_HEIGHT_PX)
        pictures = [picture for _, picture in media.read(clip, range(6))]
        for picture in pictures:
            assert float(picture[:, 2:118, 4:70].mean()) == pytest.approx(left, abs=0.02)
            assert float(picture[:, 2:118, 90:150].mean()) == pytest.approx(0.7, abs=0.02)
        texts = [picture[:, 120:] for picture in pictures]
        assert float((texts[0] - texts[5]).abs().max()) > 0.2
    assert len(list(folder.iterdir())) == 3


def grainy(width: int, height: int) -> tuple[Tensor, Tensor]:
    """A faded picture with grain, rounded to 10 bits, and a recovered one of the same luma."""
    generator = torch.Generator().manual_seed(3)
    faded = 0.35 + 0.12 * torch.randn(3, height, width, generator=generator)
    faded[1:] -= 0.08
    faded = (faded.clamp(0.2, 0.7) * 1023).round() / 1023
    stripes = 0.08 * torch.sign(torch.sin(torch.arange(width) * 1.1)).expand(height, width)
    y, cb, cr = rgb_to_ycbcr(faded)
    cbcr = limit_chroma(y[None], torch.stack([cb + stripes * y, cr - stripes * y]))
    return faded, ycbcr_to_rgb(torch.cat([y[None], cbcr]))


@pytest.mark.parametrize(
    ("width", "height", "pixel_aspect"),
    [(1920, 96, Fraction(1)), (1792, 192, Fraction(2)), (480, 160, Fraction(4, 3))],
    ids=["shrunk", "squeezed", "stretched"],
)
def test_both_halves_have_the_luma_of_the_scan(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    height: int,
    pixel_aspect: Fraction,
) -> None:
    """In every pixel, within the rounding of a lossless 10-bit movie."""
    lossless = MovieCodec("FFV1", "ffv1", ".mkv", "yuv422p10le")
    monkeypatch.setitem(MOVIE_CODECS, "prores", lossless)
    faded, recovered = grainy(width, height)
    assert float((luma(faded) - luma(recovered)).abs().max()) < 1e-6
    area = Area(x=0, y=0, width=width, height=height)
    job = make_job(tmp_path, "prores", faded, recovered, area, pixel_aspect)
    stage.run(job)
    folder = job.folder("deliver") / job.load(Delivery).bag / "data/review"
    lumas = []
    for name in ("recovered", "split"):
        clip = media.probe(str(folder / f"reel-v001-{name}.mkv"), ClipSection(path="x"))
        assert (clip.width, clip.height) != (width, height)
        picture = media.read_frame(clip, 3)
        lumas.append(
            luma(picture)[:, : clip.height - STRIP_HEIGHT_PX, 2 : clip.width // 2 - 2] * 255
        )
    assert float((lumas[1] - lumas[0]).abs().max()) < 0.5


def test_sizes_are_even_and_pixels_square() -> None:
    assert movie_raster(720, 576, 16 / 15).picture_size == (768, 576)
    assert movie_raster(2048, 1556, 1.0).picture_size == (1280, 972)
    assert movie_raster(2048, 1556, 2.0).picture_size == (1280, 486)
    assert movie_raster(31, 21, 1.0).picture_size == (30, 20)


def test_a_picture_that_is_a_line_too_large_keeps_its_pixels() -> None:
    picture = soft_shapes(1, (3, 5, 6), 21, 31)
    assert torch.equal(fit_to_movie(picture, (30, 20)), picture[:, :20, :30])
    assert fit_to_movie(picture, (28, 20)).shape == (3, 20, 28)


def test_the_number_of_a_frame_covers_no_pixel_of_its_picture() -> None:
    raster = movie_raster(203, 101, 1.0)
    frame = movie_frame(torch.full((3, 101, 203), 0.8), raster, "Frame 7")
    assert frame.shape == (3, 100 + STRIP_HEIGHT_PX, 202)
    assert float(frame[:, :100].min()) == pytest.approx(0.8)
    assert float(frame[:, 100:].max()) > 0.5


def test_the_lut_lies_left_of_the_recovered_picture() -> None:
    """A LUT without chroma gives a grey picture of the scan's luma."""
    faded, recovered = grainy(64, 40)
    without_chroma = display_lut(SmoothLut(torch.zeros(2, 5, 5, 5)), 33)
    _, split, lut = review_pictures(faded, recovered, without_chroma)
    assert torch.equal(lut[..., 32:], split[..., 32:])
    grey = luma(faded)[..., :31].expand(3, -1, -1)
    torch.testing.assert_close(lut[..., :31], grey, atol=1e-4, rtol=0)


def movie_of(job: Job, suffix: str) -> Path:
    return (
        job.folder("deliver") / job.load(Delivery).bag / f"data/review/reel-v001-recovered{suffix}"
    )


def timecode_in(path: Path) -> str | None:
    """The timecode of a movie's first frame, wherever its container stores it."""
    with av.open(str(path)) as container:
        tags = [container.metadata, *(stream.metadata for stream in container.streams)]
    return next((one["timecode"] for one in tags if "timecode" in one), None)


@pytest.mark.parametrize(
    ("movie", "suffix", "codec"),
    [("h264", ".mp4", "h264"), ("prores", ".mov", "prores"), ("dnxhr", ".mxf", "dnxhd")],
)
def test_access_copies_have_the_size_bars_and_timecode(
    tmp_path: Path, movie: str, suffix: str, codec: str
) -> None:
    """A picture of 161 x 121 pixels in a raster of 384 x 216: bars at the sides, no burned-in
    text."""
    job = make_job(tmp_path, movie, size="384x216", burn_in=False)
    stage.run(job)
    path = movie_of(job, suffix)
    clip = media.probe(str(path), ClipSection(path="x"))
    assert (clip.width, clip.height, clip.codec) == (384, 216, codec)
    assert (len(clip.frames), clip.rate) == (6, Fraction(24000, 1001))
    assert clip.timecode == timecode_in(path) == "01:00:00:00"
    wide = 2 * (216 * 161 // 121 // 2)
    left = (384 - wide) // 2
    for _, picture in media.read(clip, [0, 5]):
        assert float(picture[..., : left - 4].abs().max()) < 0.02
        assert float(picture[..., -left + 4 :].abs().max()) < 0.02
        inside = picture[..., left + 6 : left + wide - 6]
        assert float((inside - 0.7).abs().max()) < 0.03


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="the program ffprobe is not installed")
def test_ffprobe_finds_the_timecode_and_duration_of_dnxhr(tmp_path: Path) -> None:
    job = make_job(tmp_path, "dnxhr", size="384x216")
    stage.run(job)
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams"]
    text = subprocess.run([*command, movie_of(job, ".mxf")], capture_output=True, check=True).stdout
    found = json.loads(text)
    (stream,) = found["streams"]
    assert found["format"]["tags"]["timecode"] == "01:00:00:00"
    assert float(found["format"]["duration"]) == pytest.approx(6 * 1001 / 24000, abs=1e-5)
    assert (stream["codec_name"], stream["profile"]) == ("dnxhd", "DNXHR HQX")
    assert (stream["r_frame_rate"], stream["pix_fmt"]) == ("24000/1001", "yuv422p10le")


def test_without_timecode_frames_count_from_midnight_as_in_the_timeline(tmp_path: Path) -> None:
    job = make_job(tmp_path, "dnxhr", rate=Fraction(25), timecode=None, size="384x216")
    stage.run(job)
    assert timecode_in(movie_of(job, ".mxf")) == "00:00:00:10"


def test_a_rate_without_timecode_has_none(tmp_path: Path) -> None:
    job = make_job(tmp_path, "prores", rate=Fraction(48), timecode=None)
    stage.run(job)
    assert timecode_in(movie_of(job, ".mov")) is None


@pytest.mark.parametrize(
    ("rate", "size", "message"),
    [
        (Fraction(18), "384x216", "MXF has no rate of 18 frames a second; set another 'movie'"),
        (Fraction(25), None, "has at least 256 x 120 pixels, the movie 160 x 164; set another"),
    ],
)
def test_what_dnxhr_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, rate: Fraction, size: str | None, message: str
) -> None:
    job = make_job(tmp_path, "dnxhr", rate=rate, timecode=None, size=size)
    with pytest.raises(ProjectError, match=message):
        stage.run(job)
    assert not (tmp_path / "08-deliver").exists()


def test_another_size_makes_the_movies_anew_and_no_master(tmp_path: Path) -> None:
    job = make_job(tmp_path, "h264", size="96")
    stage.run(job)
    key = job.load(Delivery).review_key
    masters = [(one.name, one.stat().st_mtime_ns) for one in (tmp_path / "06-render").iterdir()]
    changed = job.project.deliver.model_copy(update={"size": "128"})
    job = Job(job.project.model_copy(update={"deliver": changed}), tmp_path, SilentProgress())
    stage.run(job)
    assert job.load(Delivery).review_key != key
    clip = media.probe(str(movie_of(job, ".mp4")), ClipSection(path="x"))
    assert (clip.width, clip.height) == (128, 96 + STRIP_HEIGHT_PX)
    assert masters == [(o.name, o.stat().st_mtime_ns) for o in (tmp_path / "06-render").iterdir()]


@pytest.mark.parametrize(
    ("stored", "aspect", "size", "padding", "expected"),
    [
        ((2048, 1556), 1.0, None, True, (1280, 972, 1280, 972)),
        ((2048, 1556), 1.0, (1920, 1080), True, (1920, 1080, 1420, 1080)),
        ((2048, 858), 1.0, (1920, 1080), True, (1920, 1080, 1920, 804)),
        ((1828, 1556), 2.0, (1920, 1080), True, (1920, 1080, 1920, 816)),
        ((2048, 1556), 1.0, (1920, 1080), False, (1420, 1080, 1420, 1080)),
        ((2048, 1556), 1.0, (1920, None), True, (1920, 1458, 1920, 1458)),
        ((720, 576), 16 / 15, (1440, None), True, (1440, 1080, 1440, 1080)),
    ],
)
def test_pictures_are_fitted_into_the_raster(
    stored: tuple[int, int],
    aspect: float,
    size: tuple[int, int | None] | None,
    padding: bool,
    expected: tuple[int, int, int, int],
) -> None:
    raster = movie_raster(*stored, aspect, size, padding=padding, has_text=False)
    assert raster == MovieRaster(*expected, 0)


def test_text_and_bars_share_the_raster_with_the_picture() -> None:
    pillars = movie_raster(2048, 1556, 1.0, (1920, 1080))
    high = 1080 - STRIP_HEIGHT_PX
    assert pillars == MovieRaster(1920, 1080, 1362, high, STRIP_HEIGHT_PX)
    frame = movie_frame(torch.full((3, 778, 1024), 0.8), pillars, "Frame 7")
    assert frame.shape == (3, 1080, 1920)
    assert float(frame[..., :278].max()) == 0
    assert float(frame[:, :high, 278 : 278 + 1362].min()) == pytest.approx(0.8)
    assert float(frame[..., 278 + 1362 :].max()) == 0


@pytest.mark.parametrize("size", ["64x44", "64x32"])
def test_a_raster_without_room_for_the_picture_is_refused(tmp_path: Path, size: str) -> None:
    job = make_job(tmp_path, "h264", size=size)
    with pytest.raises(ProjectError, match="leaves no room for the picture above its frame number"):
        stage.run(job)
    assert not (tmp_path / "08-deliver").exists()


def test_a_skipped_frame_shows_the_master_before_it(tmp_path: Path) -> None:
    """So that the movie stays in step with the scan; the text below names both frames."""
    job = make_job(tmp_path, "h264")
    hole = DamagedFrames(first=12, last=13, fault="missing")
    damage = Damage(frames=(hole,), setting="skip")
    source = job.load(Clips).source.model_copy(update={"damage": damage})
    job.save(Clips(source=source))
    rendering = job.load(Rendering)
    kept = tuple(frame for frame in rendering.frames if frame.frame not in damage)
    job.save(rendering.model_copy(update={"frames": kept, "skipped": damage}))
    stage.run(job)
    clip = media.probe(str(movie_of(job, ".mp4")), ClipSection(path="x"))
    assert len(clip.frames) == 6
    texts = [picture[:, 120:] for _, picture in media.read(clip, range(6))]
    assert min(float((a - b).abs().max()) for a, b in pairwise(texts)) > 0.2
    assert job.load(Delivery).bag == "reel-v001"
    assert frame_text(source, 13) == "Frame 13  01:00:00:03  shows 11"
    assert frame_text(source, 14) == "Frame 14  01:00:00:04"
