"""Sequences of numbered files, and the messages if some are missing or ambiguous."""

import os
import socket
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from unfade.errors import MediaError
from unfade.film.working_space import WORKING_SPACE
from unfade.media import probe, read, read_frame, read_tags, write_exr, write_png
from unfade.media.stills import clips as still_clips
from unfade.media.stills.reader import StillHeader, read_header
from unfade.media.stills.sequences import (
    frames_of,
    parse_pattern,
    picture_in_folder,
    sequence_around,
    suggested_path,
)
from unfade.project.color_config import ColorManagement
from unfade.project.settings import ClipSection
from unfade.work.digest_cache import DigestCache
from unfade.work.elements import scan_element
from unfade.work.progress import untracked

SECTION = ClipSection(path="unused")


def write_frames(folder: Path, name: str, frames: list[int], height: int = 6) -> None:
    """PNG files whose grey, in 8-bit codes, is the frame number."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        write_png(folder / (name % frame), torch.full((3, height, 8), frame % 256 / 255))


def number_of(picture: torch.Tensor) -> int:
    return round(picture[0, 0, 0].item() * 255)


@pytest.mark.parametrize("pattern", ["reel.%04d.png", "reel.####.png"])
def test_frames_keep_the_numbers_of_their_files(tmp_path: Path, pattern: str) -> None:
    write_frames(tmp_path, "reel.%04d.png", [86, 87, 88, 89, 90, 91, 92])
    write_frames(tmp_path, "other.%04d.png", [1])
    clip = probe(str(tmp_path / pattern), SECTION)
    assert (clip.kind, clip.frames.first, clip.frames.last) == ("sequence", 86, 92)
    assert (clip.width, clip.height, clip.rate) == (8, 6, Fraction(24))
    assert clip.colorspace == WORKING_SPACE
    read_frames = [(frame, number_of(picture)) for frame, picture in read(clip, range(86, 93))]
    assert read_frames == [(frame, frame) for frame in range(86, 93)]
    assert number_of(read_frame(clip, 90)) == 90


def test_numbers_without_padding(tmp_path: Path) -> None:
    write_frames(tmp_path, "%d.png", [8, 9, 10, 11])
    clip = probe(str(tmp_path / "%d.png"), SECTION)
    assert len(clip.frames) == 4
    assert number_of(read_frame(clip, 10)) == 10


def test_missing_frames_are_named(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1, 2, 4, 5, 9, 20])
    path = str(tmp_path / "r.%03d.png")
    with pytest.raises(
        MediaError, match=r"14 of 20 frames .* 3: missing, 6 to 8: missing, 10 to 19: m"
    ):
        probe(path, SECTION)
    with pytest.raises(MediaError, match=r"%03d.png: 1 of 5 frames .*used, 3: missing; restore"):
        probe(path, SECTION.model_copy(update={"last": 5}))
    with pytest.raises(MediaError, match="3 of 3 frames cannot be used, 10 to 12: missing"):
        probe(path, SECTION.model_copy(update={"first": 10, "last": 12}))
    clip = probe(path, SECTION.model_copy(update={"first": 4, "last": 5}))
    assert (clip.frames.first, clip.frames.last) == (4, 5)


def test_a_frame_number_above_the_limit_of_film_toml(tmp_path: Path) -> None:
    write_frames(tmp_path, "reel.%010d.png", [2**31 - 2, 2**31 - 1])
    assert probe(str(tmp_path / "reel.%010d.png"), SECTION).frames.last == 2**31 - 1
    write_frames(tmp_path, "reel.%010d.png", [2**31])
    with pytest.raises(MediaError, match=f"has a frame {2**31}; rename its files"):
        probe(str(tmp_path / "reel.%010d.png"), SECTION)


@pytest.mark.parametrize("name", ["reel.mov", "reel.0001.dpx", "reel"])
def test_a_named_pipe_is_refused_as_such(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(MediaError, match=f"{name}: is a named pipe, not a file"):
        probe(str(tmp_path / name), SECTION)


def test_frame_numbers_far_apart(tmp_path: Path) -> None:
    """Dates and times as frame numbers: the missing numbers must not be listed one by one."""
    write_blank(tmp_path, ["r.0240101115.dpx", "r.1261231235.dpx"])
    with pytest.raises(MediaError, match="240101116 to 1261231234: missing"):
        probe(str(tmp_path), SECTION)


def test_frame_that_goes_missing_later(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1, 2, 3])
    clip = probe(str(tmp_path / "r.%03d.png"), SECTION)
    (tmp_path / "r.002.png").unlink()
    with pytest.raises(MediaError, match=r"r.002.png: is missing"):
        list(read(clip, [1, 2, 3]))


def test_frames_of_two_sizes(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1, 2, 3, 6, 7])
    write_frames(tmp_path, "r.%03d.png", [4, 5], height=9)
    with pytest.raises(MediaError, match="4 to 5: 8 x 9 pixels instead of 8 x 6 pixels"):
        probe(str(tmp_path / "r.%03d.png"), SECTION)


def test_a_frame_that_changes_its_size_later(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1, 2, 3])
    clip = probe(str(tmp_path / "r.%03d.png"), SECTION)
    write_frames(tmp_path, "r.%03d.png", [2], height=9)
    with pytest.raises(MediaError, match=r"r.002.png: is 8 x 9 pixels instead of 8 x 6"):
        list(read(clip, clip.frames.frames()))


def write_jpeg_2000(path: Path, width: int) -> None:
    spec = oiio.ImageSpec(width, 48, 3, "uint8")
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), spec)
    assert image.write_image(np.full((48, width, 3), 90, np.uint8))
    assert image.close()


def test_equal_jpeg_2000_headers_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenImageIO decodes JPEG 2000 when it opens a file, which takes 3 s for a 2K frame."""
    for frame in range(1, 6):
        write_jpeg_2000(tmp_path / f"r.{frame}.jp2", 64)
    opened: list[str] = []

    def recording_read_header(path: str, colors: ColorManagement) -> StillHeader:
        opened.append(path)
        return read_header(path, colors)

    monkeypatch.setattr(still_clips, "read_header", recording_read_header)
    assert len(probe(str(tmp_path), SECTION).frames) == 5
    assert opened == [str(tmp_path / "r.1.jp2")]
    write_jpeg_2000(tmp_path / "r.4.jp2", 80)
    with pytest.raises(MediaError, match="4: 80 x 48 pixels instead of 64 x 48"):
        probe(str(tmp_path), SECTION)


def test_nothing_matches(tmp_path: Path) -> None:
    for path in ("r.%03d.png", "no/such/folder/r.%03d.png"):
        with pytest.raises(MediaError, match=r"r.%03d.png: no file matches"):
            probe(str(tmp_path / path), SECTION)
    with pytest.raises(MediaError, match=r"r.png: is missing"):
        probe(str(tmp_path / "r.png"), SECTION)


def test_folder_with_one_sequence(tmp_path: Path) -> None:
    write_frames(tmp_path, "reel1_v2.%04d.png", [9, 10])
    (tmp_path / "notes 2024.txt").write_text("no picture")
    clip = probe(str(tmp_path), SECTION)
    assert clip.path == str(tmp_path / "reel1_v2.%04d.png")
    assert len(clip.frames) == 2
    write_frames(tmp_path, "b.%04d.png", [1])
    with pytest.raises(MediaError, match=r"holds 2 .*b.####.png, reel1_v2.####.png.*; give"):
        probe(str(tmp_path), SECTION)


def write_blank(folder: Path, names: list[str]) -> None:
    """Empty files, for tests of file names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.mark.parametrize(
    ("first", "last", "written"), [(5, 104, "%02d"), (9998, 10001, "%04d"), (8, 11, "%d")]
)
def test_numbers_outgrow_their_padding(tmp_path: Path, first: int, last: int, written: str) -> None:
    write_frames(tmp_path, f"f.{written}.png", list(range(first, last + 1)))
    hashes = "#" * len(written % 0)
    for path in ("", f"f.{written}.png", f"f.{hashes}.png"):
        clip = probe(str(tmp_path / path), SECTION)
        assert (clip.frames.first, clip.frames.last) == (first, last)
        assert clip.path == str(tmp_path / f"f.{written}.png")
    assert number_of(read_frame(clip, last)) == last % 256


def test_two_paddings_are_two_sequences(tmp_path: Path) -> None:
    write_blank(tmp_path, ["f.0001.dpx", "f.0002.dpx", "f.00001.dpx", "f.00002.dpx"])
    with pytest.raises(MediaError, match=r"holds 2 sequences .*f.#####.dpx, f.####.dpx"):
        probe(str(tmp_path), SECTION)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["reel_1001.jp2", "reel_1002.jp2"], "reel_%04d.jp2"),
        (["a.1.j2k", "a.2.j2k"], "a.%d.j2k"),
        (["scan_0001_2k.dpx", "scan_0002_2k.dpx"], "scan_%04d_2k.dpx"),
        (["10bit.007.png"], "10bit.%03d.png"),
        (["title card.png"], "title card.png"),
        (["reel #1 50%.08.png", "reel #1 50%.09.png", "notes.txt"], "reel #1 50%.%02d.png"),
    ],
)
def test_which_number_is_the_frame_number(tmp_path: Path, names: list[str], pattern: str) -> None:
    write_blank(tmp_path, names)
    assert picture_in_folder(tmp_path) == str(tmp_path / pattern)
    parsed = parse_pattern(str(tmp_path / pattern))
    assert parsed is None or frames_of(parsed) == sorted(
        number for number in map(parsed.number_in, names) if number is not None
    )


@pytest.mark.parametrize("folder", ["50%discount", "100% done", "%04d", "reel #1 [1976]", "a\nb"])
def test_folder_names_are_taken_literally(tmp_path: Path, folder: str) -> None:
    write_frames(tmp_path / folder, "r.%04d.png", [1, 2, 3])
    for path in (
        tmp_path / folder,
        tmp_path / folder / "r.%04d.png",
        tmp_path / folder / "r.####.png",
    ):
        clip = probe(str(path), SECTION)
        assert [number_of(picture) for _, picture in read(clip, [1, 3])] == [1, 3]
        assert read_tags(clip, 2).timecode is None
    found = scan_element(clip.path, "the source", DigestCache(), untracked)
    assert found is not None
    assert found.files == 3


def test_links_are_followed(tmp_path: Path) -> None:
    write_frames(tmp_path / "store", "x.%03d.png", [7, 3, 5])
    (tmp_path / "scan").mkdir()
    for number, stored in enumerate([7, 3, 5], start=1):
        (tmp_path / "scan" / f"r.{number}.png").symlink_to(
            tmp_path / "store" / f"x.{stored:03d}.png"
        )
    (tmp_path / "link").symlink_to(tmp_path / "scan")
    clip = probe(str(tmp_path / "link"), SECTION)
    assert [number_of(picture) for _, picture in read(clip, [1, 2, 3])] == [7, 3, 5]
    (tmp_path / "store" / "x.003.png").unlink()
    with pytest.raises(MediaError, match=r"r.2.png: is missing"):
        list(read(clip, [1, 2]))


@pytest.mark.parametrize("frame", [1, 3])
@pytest.mark.parametrize("kind", ["named pipe", "folder", "socket", "device"])
@pytest.mark.parametrize("suffix", ["png", "dpx", "jp2"])
def test_only_regular_files_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, frame: int, suffix: str
) -> None:
    """Also behind a link. Opening a named pipe that has no writer would block forever."""
    monkeypatch.chdir(tmp_path)
    write_frames(tmp_path, "r.%d.png", [1, 2, 3])
    (tmp_path / f"r.{frame}.png").unlink()
    for name in tmp_path.glob("r.*"):
        name.rename(name.with_suffix(f".{suffix}"))
    if kind == "named pipe":
        os.mkfifo("other")
    elif kind == "folder":
        os.mkdir("other")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("other")  # paths of sockets are short
    else:
        os.symlink("/dev/zero", "other")
    os.symlink("other", f"r.{frame}.{suffix}")
    with pytest.raises(MediaError, match=rf"r.%d.{suffix}: 1 .* {frame}: a {kind}, not a file"):
        probe(str(tmp_path / f"r.%d.{suffix}"), SECTION)
    with pytest.raises(MediaError, match=rf"r.{frame}.{suffix}: is a {kind}, not a file; put"):
        read_header(str(tmp_path / f"r.{frame}.{suffix}"))
    if kind != "folder":
        (tmp_path / "other").rename("a.mp4")
        with pytest.raises(MediaError, match=rf"a.mp4: is a {kind}, not a file"):
            probe(str(tmp_path / "a.mp4"), SECTION)


@pytest.mark.parametrize("where", ["folder", "file"])
def test_names_that_are_not_utf8(tmp_path: Path, where: str) -> None:
    folder = tmp_path / (os.fsdecode(b"num\xe9ris\xe9") if where == "folder" else "scan")
    name = "r.0001.png" if where == "folder" else os.fsdecode(b"r\xe9el.0001.png")
    write_blank(folder, [name])
    with pytest.raises(MediaError, match=r"\\xe9.*not UTF-8.*; rename it") as refused:
        probe(str(folder), SECTION)
    str(refused.value).encode("utf-8")


def test_names_of_utf8_in_another_locale(tmp_path: Path) -> None:
    """A UTF-8 name as Python decodes it in an ASCII locale."""
    name = "caf\xe9.dpx".encode().decode("ascii", "surrogateescape")
    with pytest.raises(
        MediaError, match=r"caf\xe9.dpx: its name is UTF-8, but the locale .*LC_ALL"
    ):
        probe(str(tmp_path / name), SECTION)


def test_negative_numbers(tmp_path: Path) -> None:
    """They are refused, because such files sort backwards."""
    write_frames(tmp_path / "a", "f.-%03d.png", [1, 2, 3])
    for path in (tmp_path / "a", tmp_path / "a" / "f.-%03d.png", tmp_path / "a" / "f.-###.png"):
        with pytest.raises(MediaError, match=r"f.-%03d.png: has negative frame .* from 0"):
            probe(str(path), SECTION)
    write_frames(tmp_path / "b", "_-%d.png", [1, 2])
    write_frames(tmp_path / "b", "_%d.png", [0, 1, 2])
    for path in (tmp_path / "b", tmp_path / "b" / "_%d.png"):
        with pytest.raises(MediaError, match=r"_%d.png: leaves out negative .* _-1.png; number"):
            probe(str(path), SECTION)
        clip = probe(str(path), SECTION.model_copy(update={"first": 0, "last": 2}))
        assert [number_of(picture) for _, picture in read(clip, [0, 1, 2])] == [0, 1, 2]
    write_frames(tmp_path / "c", "reel1-%04d.png", [1, 2])
    assert len(probe(str(tmp_path / "c"), SECTION).frames) == 2


@pytest.mark.parametrize("numbers", [(1, 2, 3), (9, 10, 11)])
def test_suffixes_that_differ_in_case(tmp_path: Path, numbers: tuple[int, int, int]) -> None:
    for number, suffix in zip(numbers, ("png", "PNG", "Png"), strict=True):
        write_png(tmp_path / "a.png", torch.zeros(3, 6, 8))
        (tmp_path / "a.png").rename(tmp_path / f"f.{number}.{suffix}")
    with pytest.raises(MediaError, match=r"differ in case \(.PNG, .Png, .png\); rename the files"):
        probe(str(tmp_path), SECTION)
    with pytest.raises(MediaError, match=rf"leaves out f.{numbers[1]}.PNG, whose suffix differs"):
        probe(str(tmp_path / "f.%d.png"), SECTION)


@pytest.mark.parametrize(
    "placeholder", ["$F4", "$F", "%4d", "%04D", "%06d", "@@@@", "[0001-0015]", "#####", "*", "????"]
)
def test_frame_number_placeholders_of_other_programs(tmp_path: Path, placeholder: str) -> None:
    write_blank(tmp_path, ["f.0001.dpx", "f.0002.dpx", "f.-001.dpx", "f.note.txt", "g.0001.dpx"])
    with pytest.raises(MediaError, match=r"is missing; .*/f.%04d.dpx is there, name that"):
        probe(str(tmp_path / f"f.{placeholder}.dpx"), SECTION)
    assert suggested_path(str(tmp_path / f"h.{placeholder}.dpx")) is None
    assert suggested_path(str(tmp_path / "no" / f"f.{placeholder}.dpx")) is None


@pytest.mark.parametrize("digits", ["0300", "09999999999", "0" + "9" * 30])
def test_more_digits_than_a_name_holds(tmp_path: Path, digits: str) -> None:
    write_blank(tmp_path, ["f.0001.dpx"])
    with pytest.raises(MediaError, match=r"asks for more digits than .*; write %06d"):
        probe(str(tmp_path / f"f.%{digits}d.dpx"), SECTION)


def test_suggested_path(tmp_path: Path) -> None:
    write_blank(tmp_path / "scan", ["r.0001.dpx", "r.0002.dpx", "alone.png"])
    sequence = str(tmp_path / "scan" / "r.%04d.dpx")
    assert suggested_path(str(tmp_path / "scan" / "*.dpx")) == sequence
    assert suggested_path(f"{tmp_path}\\scan\\r.%04d.dpx") == f"{tmp_path}/scan/r.%04d.dpx"
    assert suggested_path(f"{tmp_path}\\scan\\*.dpx") == sequence
    assert suggested_path(f"{tmp_path}/scan\r.%04d.dpx") == sequence  # "scan\\r" of TOML
    assert suggested_path(str(tmp_path / "scan" / "a*.png")) == str(tmp_path / "scan" / "alone.png")
    (tmp_path / "scan" / "b.1.dpx").touch()
    assert suggested_path(str(tmp_path / "scan" / "*.dpx")) is None
    (tmp_path / "scan" / "b.1.dpx").unlink()
    assert suggested_path(str(tmp_path / "no" / "r.%04d.dpx")) is None
    assert str(sequence_around(str(tmp_path / "scan" / "r.0002.dpx"))) == sequence
    assert sequence_around(str(tmp_path / "scan" / "alone.png")) is None
    with pytest.raises(MediaError, match=r"is missing; .*r.%04d.dpx is there, name that"):
        probe(str(tmp_path / "scan" / "*.dpx"), SECTION)


@pytest.mark.parametrize("folder", ["reel #1 [1976]", "50%", "a*b", "what?"])
def test_an_existing_path_has_no_suggestion(tmp_path: Path, folder: str) -> None:
    write_blank(tmp_path / folder, ["r.0001.dpx", "r.0002.dpx"])
    assert suggested_path(str(tmp_path / folder / "r.%04d.dpx")) is None
    assert suggested_path(str(tmp_path / folder / "r.0001.dpx")) is None


def test_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="holds 0 sequences"):
        probe(str(tmp_path), SECTION)


def test_still(tmp_path: Path) -> None:
    write_png(tmp_path / "painted.0007.png", torch.full((3, 6, 8), 0.2))
    clip = probe(str(tmp_path / "painted.0007.png"), SECTION)
    assert (clip.kind, clip.frames.first, clip.frames.last) == ("still", 0, 0)
    assert read_frame(clip, 0)[0, 0, 0].item() == pytest.approx(51 / 255)


def test_rate_and_pixel_aspect_of_the_header(tmp_path: Path) -> None:
    metadata: dict[str, str | int | float] = {"PixelAspectRatio": 2.0}
    pixels = torch.zeros(3, 4, 4)
    write_exr(tmp_path / "a.01.exr", pixels, colorspace="ACES2065-1", metadata=metadata)
    clip = probe(str(tmp_path / "a.%02d.exr"), SECTION)
    assert clip.pixel_aspect == 2
    assert clip.colorspace == "ACES2065-1"
    section = ClipSection.model_validate({"path": "x", "rate": "18", "pixel_aspect": "3/2"})
    clip = probe(str(tmp_path / "a.%02d.exr"), section)
    assert (clip.rate, clip.pixel_aspect) == (18, Fraction(3, 2))


def test_frames_must_ascend_and_exist(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1, 2, 3])
    clip = probe(str(tmp_path / "r.%03d.png"), SECTION)
    with pytest.raises(ValueError, match="must ascend"):
        read(clip, [2, 1])
    with pytest.raises(MediaError, match="has the frames 1 to 3, not 4"):
        read(clip, [1, 4])


def test_reading_can_stop_early(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", list(range(40)))
    reader = read(probe(str(tmp_path / "r.%03d.png"), SECTION), range(40))
    assert next(reader)[0] == 0
    reader.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("pattern", ["%02d/r.png", "%02d/r.%03d.png"])
def test_the_frame_number_must_be_in_the_file_name(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(MediaError, match="outside the file name"):
        probe(str(tmp_path / pattern), SECTION)


def test_stills_have_no_fields(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1])
    with pytest.raises(MediaError, match="only movies can be deinterlaced"):
        probe(str(tmp_path / "r.%03d.png"), ClipSection(path="x", fields="top"))
