"""The review movies of a delivery: format, content and luma."""

import hashlib
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.deliver import stage
from unfade.deliver.review import review_pictures
from unfade.drawing.movie_frame import (
    STRIP_HEIGHT_PX,
    fit_to_movie,
    movie_frame,
    movie_size,
    with_strip,
)
from unfade.film.alignment import Alignments
from unfade.film.clip import Area, Clip, Clips
from unfade.film.delivery import Delivery
from unfade.film.pair import PairList
from unfade.film.report import Report
from unfade.film.shot import Shot
from unfade.film.used_frames import UsedFrames
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


def make_job(
    root: Path,
    movie: str,
    scan: Tensor | None = None,
    master: Tensor | None = None,
    area: Area = AREA,
    pixel_aspect: Fraction = Fraction(1),
) -> Job:
    project = Project.model_validate(
        {
            "film": {"title": "Reel"},
            "source": {"path": "scan/s.%04d.dpx"},
            "reference": {"path": "dvd.mkv"},
            "deliver": {"movie": movie},
        }
    )
    job = Job(project, root, SilentProgress())
    (root / "scan").mkdir()
    tags = media.FrameTags(Fraction(24000, 1001), timecode="01:00:00:00")
    rendered = []
    for frame in range(10, 16):
        media.write_dpx(
            root / f"scan/s.{frame:04d}.dpx", grey(0.2) if scan is None else scan, tags=tags
        )
        path = job.folder("render") / f"reel.{frame}.exr"
        media.write_exr(path, grey(0.7) if master is None else master, colorspace="ACES2065-1")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rendered.append(make_rendered_frame(frame, file=path.name, sha256=digest))
    section = ClipSection(path="scan/s.%04d.dpx")
    clip: Clip = media.probe(job.resolve(section.path), section)
    facts = {"live_area": area, "pixel_aspect": pixel_aspect}
    job.save(Clips(source=clip.model_copy(update=facts)))
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
    lossless = stage.Codec("ffv1", ".mkv", "yuv422p10le", {})
    monkeypatch.setitem(stage.CODECS, "prores", lossless)
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
    assert movie_size(720, 576, 16 / 15) == (768, 576)
    assert movie_size(2048, 1556, 1.0) == (1280, 972)
    assert movie_size(2048, 1556, 2.0) == (1280, 486)
    assert movie_size(31, 21, 1.0) == (30, 20)


def test_a_picture_that_is_a_line_too_large_keeps_its_pixels() -> None:
    picture = soft_shapes(1, (3, 5, 6), 21, 31)
    assert torch.equal(fit_to_movie(picture, (30, 20)), picture[:, :20, :30])
    assert fit_to_movie(picture, (28, 20)).shape == (3, 20, 28)


def test_the_number_of_a_frame_covers_no_pixel_of_its_picture() -> None:
    size = (202, 100)
    frame = movie_frame(torch.full((3, 101, 203), 0.8), size, "Frame 7")
    assert frame.shape == (3, *reversed(with_strip(size)))
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
