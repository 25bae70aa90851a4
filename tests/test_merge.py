"""unfade merge: files in, masters with the original's luma and the other's colour out."""

import hashlib
from fractions import Fraction
from pathlib import Path

import OpenImageIO as oiio
import pytest
import torch
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.console import Silence
from unfade.errors import MediaError, UnfadeError, WorkError
from unfade.film.project import WORKING_SPACE, ClipSection, RenderSection
from unfade.merge import merge


def picture(seed: int) -> Tensor:
    return torch.rand(3, 24, 36, generator=torch.Generator().manual_seed(seed)) * 0.8 + 0.1


def sequence(folder: Path, first: int, count: int, seed: int) -> ClipSection:
    folder.mkdir()
    tags = media.FrameTags(Fraction(25), timecode="10:00:00:00")
    for frame in range(first, first + count):
        path = folder / f"reel.{frame:04d}.dpx"
        media.write_dpx(path, picture(seed + frame), bits=16, tags=tags)
    return ClipSection(path=str(folder / "reel.%04d.dpx"))


def run(original: ClipSection, recovered: ClipSection, folder: Path) -> list[Path]:
    return merge(original, recovered, folder, RenderSection(colorspace=WORKING_SPACE), Silence())


def test_luma_of_one_and_colour_of_the_other(tmp_path: Path) -> None:
    original = sequence(tmp_path / "scan", 1001, 3, seed=0)
    recovered = sequence(tmp_path / "nuke", 1001, 3, seed=50)
    before = [
        hashlib.sha256(path.read_bytes()).digest() for path in sorted(tmp_path.rglob("*.dpx"))
    ]
    masters = run(original, recovered, tmp_path / "out")
    assert [path.name for path in masters] == [f"reel_merged.000100{n}.exr" for n in (1, 2, 3)]
    for frame, path in zip((1001, 1002, 1003), masters, strict=True):
        merged = media.read_picture(path)
        y = luma(picture(frame))
        assert float((luma(merged) - y).abs().max()) < 6e-4
        wanted = rgb_to_ycbcr(picture(50 + frame))[1:]
        inside = (merged.amin(dim=0) > 0.01).expand_as(wanted)
        assert float(inside.float().mean()) > 0.5
        apart = (rgb_to_ycbcr(merged)[1:] - wanted).abs()
        assert float(apart[inside].max()) < 1.2e-3
    spec = oiio.ImageInput.open(str(masters[2])).spec()
    assert spec["smpte:TimeCode"] == (0x10000002, 0)
    assert (spec["unfade:frame"], spec["unfade:source"]) == (1003, "reel.%04d.dpx")
    after = [hashlib.sha256(path.read_bytes()).digest() for path in sorted(tmp_path.rglob("*.dpx"))]
    assert after == before


def test_a_movie_belongs_to_a_sequence_by_order(tmp_path: Path) -> None:
    original = sequence(tmp_path / "scan", 5, 3, seed=0)
    with media.MovieWriter(
        tmp_path / "r.mkv", codec="ffv1", width=36, height=24, rate=Fraction(25)
    ) as movie:
        for _ in range(3):
            movie.write(torch.full((3, 24, 36), 0.5))
    masters = run(original, ClipSection(path=str(tmp_path / "r.mkv")), tmp_path / "out")
    merged = media.read_picture(masters[1])
    grey = luma(picture(6)).expand(3, -1, -1)
    torch.testing.assert_close(merged, grey, atol=5e-3, rtol=0)


@pytest.mark.parametrize(
    ("first", "count", "told"),
    [(1, 2, "has 2 frames, but .* has 3"), (2, 3, "starts at frame 2, but .* at 1")],
)
def test_clips_that_do_not_fit(tmp_path: Path, first: int, count: int, told: str) -> None:
    original = sequence(tmp_path / "scan", 1, 3, seed=0)
    recovered = sequence(tmp_path / "nuke", first, count, seed=5)
    with pytest.raises(MediaError, match=told):
        run(original, recovered, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_sizes_and_full_folders_are_refused(tmp_path: Path) -> None:
    original = sequence(tmp_path / "scan", 0, 1, seed=0)
    media.write_png(tmp_path / "small.png", torch.full((3, 8, 8), 0.5))
    refusals: list[tuple[ClipSection, str, type[UnfadeError]]] = [
        (ClipSection(path=str(tmp_path / "small.png")), "is 8 x 8 pixels, but", MediaError),
        (original, "holds reel.0000.dpx already", WorkError),
    ]
    for recovered, told, kind in refusals:
        with pytest.raises(kind, match=told):
            run(original, recovered, tmp_path / "scan")
