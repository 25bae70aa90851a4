"""Numbered files, and what is said when some of them are not there."""

from fractions import Fraction
from pathlib import Path

import pytest
import torch

from unfade.errors import MediaError
from unfade.film.project import WORKING_SPACE, ClipSection
from unfade.media import probe, read, read_frame, write_exr, write_png

SECTION = ClipSection(path="unused")


def write_frames(folder: Path, name: str, frames: list[int], height: int = 6) -> None:
    """PNG files whose grey is the frame's number in 8-bit codes."""
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
    with pytest.raises(MediaError, match=r"frames 3, 6, 7, 8, 10 and 9 more are missing; restore"):
        probe(path, SECTION)
    with pytest.raises(MediaError, match=r"r.%03d.png: frame 3 is missing; restore the file, or"):
        probe(path, SECTION.model_copy(update={"last": 5}))
    clip = probe(path, SECTION.model_copy(update={"first": 4, "last": 5}))
    assert (clip.frames.first, clip.frames.last) == (4, 5)


def test_frame_that_goes_missing_later(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1, 2, 3])
    clip = probe(str(tmp_path / "r.%03d.png"), SECTION)
    (tmp_path / "r.002.png").unlink()
    with pytest.raises(MediaError, match=r"r.002.png: is missing"):
        list(read(clip, [1, 2, 3]))


def test_frames_of_two_sizes(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1, 2, 3, 6, 7])
    write_frames(tmp_path, "r.%03d.png", [4, 5], height=9)
    clip = probe(str(tmp_path / "r.%03d.png"), SECTION)
    with pytest.raises(MediaError, match=r"r.004.png: frame 4 is 8 x 9 pixels, .* 8 x 6"):
        list(read(clip, clip.frames.frames()))


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
    with pytest.raises(MediaError, match=r"holds 2 sequences .*b.#.png, reel1_v2.#.png.*; give"):
        probe(str(tmp_path), SECTION)


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
    with pytest.raises(ValueError, match="ascending"):
        read(clip, [2, 1])
    with pytest.raises(MediaError, match="has the frames 1 to 3, not 4"):
        read(clip, [1, 4])


def test_reading_can_be_left_early(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", list(range(40)))
    reader = read(probe(str(tmp_path / "r.%03d.png"), SECTION), range(40))
    assert next(reader)[0] == 0
    reader.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("pattern", ["%02d/r.png", "%02d/r.%03d.png"])
def test_number_belongs_into_the_name(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(MediaError, match="more than the file's name"):
        probe(str(tmp_path / pattern), SECTION)


def test_stills_have_no_fields(tmp_path: Path) -> None:
    write_frames(tmp_path, "r.%03d.png", [1])
    with pytest.raises(MediaError, match="only movies can be deinterlaced"):
        probe(str(tmp_path / "r.%03d.png"), ClipSection(path="x", fields="top"))
