"""Timecode, keycode, rate, pixel aspect and date survive from file to clip to file."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from unfade.errors import MediaError
from unfade.film.clip import Clip
from unfade.film.working_space import WORKING_SPACE
from unfade.media import FrameTags, probe, read_tags, write_dpx, write_exr, write_tiff
from unfade.media.stills.timecode import pack_timecode, unpack_timecode
from unfade.project.settings import ClipSection

from ..fixtures import KEYCODE
from .conftest import MakeMovie

PIXELS = torch.full((3, 16, 24), 0.25)
TAGS = FrameTags(
    rate=Fraction(24000, 1001),
    pixel_aspect=Fraction(16, 11),
    timecode="01:02:03:04",
    keycode=KEYCODE,
    captured="1999:12:31 23:59:58",
)


def write(path: Path, tags: FrameTags) -> Path:
    if path.suffix == ".dpx":
        write_dpx(path, PIXELS, tags=tags)
    elif path.suffix == ".tif":
        write_tiff(path, PIXELS, colorspace=WORKING_SPACE, tags=tags)
    else:
        write_exr(path, PIXELS, colorspace="ACES2065-1", tags=tags)
    return path


@pytest.mark.parametrize("suffix", ["dpx", "exr"])
def test_tags_of_stills(tmp_path: Path, suffix: str) -> None:
    for frame in (86400, 86401):
        write(tmp_path / f"reel.{frame:07d}.{suffix}", TAGS)
    clip = probe(str(tmp_path / f"reel.%07d.{suffix}"), ClipSection(path="x"))
    assert (clip.frames.first, clip.frames.last) == (86400, 86401)
    assert (clip.rate, clip.pixel_aspect) == (Fraction(24000, 1001), Fraction(16, 11))
    assert clip.timecode == "01:02:03:04"
    later = read_tags(clip, 86401)
    assert later == FrameTags(
        TAGS.rate, TAGS.pixel_aspect, "01:02:03:05", KEYCODE, "1999:12:31 23:59:58"
    )


def test_tiff_keeps_date_and_pixel_aspect(tmp_path: Path) -> None:
    clip = probe(str(write(tmp_path / "a.tif", TAGS)), ClipSection(path="x"))
    assert clip.pixel_aspect == Fraction(16, 11)
    assert read_tags(clip, 0).captured == "1999:12:31 23:59:58"


@pytest.mark.parametrize("suffix", ["dpx", "exr", "tif"])
def test_without_tags_the_bytes_are_reproducible(tmp_path: Path, suffix: str) -> None:
    first = write(tmp_path / f"a.{suffix}", FrameTags()).read_bytes()
    assert write(tmp_path / f"a.{suffix}", FrameTags()).read_bytes() == first
    spec = oiio.ImageInput.open(str(tmp_path / f"a.{suffix}")).spec()
    for name in ("DateTime", "smpte:TimeCode", "smpte:KeyCode"):
        assert spec.getattribute(name) is None


def test_drop_frame_round_trip_through_the_word() -> None:
    assert pack_timecode("12:34:56;28") == 0x12345668
    for text in ("23:59:59:29", "01:00:00;02"):
        assert unpack_timecode(pack_timecode(text)) == text


@pytest.mark.parametrize("suffix", ["dpx", "exr"])
def test_drop_frame_of_stills(tmp_path: Path, suffix: str) -> None:
    tags = FrameTags(rate=Fraction(30000, 1001), timecode="00:00:59;29")
    path = write(tmp_path / f"a.0001.{suffix}", tags)
    write(path.with_name(f"a.0002.{suffix}"), tags)
    clip = probe(str(path.with_name(f"a.%04d.{suffix}")), ClipSection(path="x"))
    assert read_tags(clip, 2).timecode == "00:01:00;02"


def test_a_timecode_that_the_rate_does_not_have_is_refused(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.exr", FrameTags(rate=Fraction(24), timecode="00:00:00:23")))
    assert probe(path, ClipSection(path="x")).timecode == "00:00:00:23"
    slower = ClipSection.model_validate({"path": "x", "rate": 18})
    with pytest.raises(MediaError, match="00:00:00:23 does not exist at 18 frames a second"):
        probe(path, slower)
    assert probe(path, slower.model_copy(update={"timecode": "none"})).timecode is None
    section = slower.model_copy(update={"timecode": "10:00:00:00"})
    assert probe(path, section).timecode == "10:00:00:00"


def scan(folder: Path, timecodes: list[str | None]) -> Clip:
    """A sequence with these timecodes, and keycodes that count from 100."""
    for k, timecode in enumerate(timecodes):
        keycode = (2, 14, 123456, 100 + k, 0, 4, 64)
        tags = FrameTags(rate=Fraction(24), timecode=timecode, keycode=keycode)
        write_dpx(folder / f"r.{k + 1:04d}.dpx", PIXELS, tags=tags)
    return probe(str(folder / "r.%04d.dpx"), ClipSection(path="x"))


@pytest.mark.parametrize(
    ("timecodes", "expected", "remark"),
    [
        (["01:00:00:22", "01:00:00:23", "01:00:01:00"], None, None),
        (
            ["01:00:00:00", "01:00:00:01", "02:10:05:00", "02:10:05:01"],
            None,
            "jumps: 1, the first at frame 3 with 02:10:05:00",
        ),
        (
            ["09:00:00:00", "01:00:00:00", "01:00:00:01"],
            None,
            "the first at frame 2 with 01:00:00:00",
        ),
        (
            ["01:00:00:00", None, None, "01:00:00:03"],
            ["01:00:00:00", "01:00:00:01", "01:00:00:02", "01:00:00:03"],
            None,
        ),
        (["01:00:00:00", None, "01:00:00:09"], None, "of 1 of 3 frames, the first is frame 2"),
        ([None, "01:00:00:01", None], None, "of 2 of 3 frames, the first is frame 1"),
        ([None, None], None, None),
        (
            [None, "01:00:00:05", None, "01:00:00:05"],
            None,
            "jumps: 2, the first at frame 2 with 01:00:00:05",
        ),
        (
            ["01:00:00:00"] * 3,
            ["01:00:00:00", "01:00:00:01", "01:00:00:02"],
            "is in all files",
        ),
    ],
)
def test_every_frame_has_its_own_timecode(
    tmp_path: Path,
    timecodes: list[str | None],
    expected: list[str] | None,
    remark: str | None,
) -> None:
    clip = scan(tmp_path, timecodes)
    assert [clip.timecode_of(frame) for frame in clip.frames.frames()] == (expected or timecodes)
    for frame in clip.frames.frames():
        tags = read_tags(clip, frame)
        assert tags.timecode == clip.timecode_of(frame)
        assert tags.keycode == (2, 14, 123456, 99 + frame, 0, 4, 64)
    assert any(remark in text for text in clip.remarks) if remark else not clip.remarks
    assert Clip.model_validate_json(clip.model_dump_json()) == clip


def test_film_toml_overrules_all_timecodes(tmp_path: Path) -> None:
    scan(tmp_path, ["01:00:00:00", "05:00:00:00"])
    path = str(tmp_path / "r.%04d.dpx")
    clip = probe(path, ClipSection(path="x", timecode="10:00:00:00"))
    assert [clip.timecode_of(frame) for frame in (1, 2)] == ["10:00:00:00", "10:00:00:01"]
    assert probe(path, ClipSection(path="x", timecode="none")).timecode_of(2) is None
    clip = probe(path, ClipSection(path="x", first=2))
    assert (clip.timecode, clip.timecode_jumps) == ("05:00:00:00", ())


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [("a.mov", "prores_ks", "yuv422p10le"), ("a.mkv", "ffv1", "yuv420p")],
)
def test_timecode_of_movies(
    tmp_path: Path, make_movie: MakeMovie, name: str, codec: str, pixel_format: str
) -> None:
    chroma = np.full((32, 32) if "422" in pixel_format else (16, 32), 128)
    frames = [[np.full((32, 64), 90), chroma, chroma]] * 4
    path = make_movie(name, codec, pixel_format, frames, metadata={"timecode": "10:00:00:24"})
    assert probe(str(path), ClipSection(path="x")).timecode == "10:00:00:24"
    clip = probe(str(path), ClipSection(path="x", first=2))
    assert clip.timecode == "10:00:01:01"
    assert read_tags(clip, 3) == FrameTags(Fraction(25), timecode="10:00:01:02")
