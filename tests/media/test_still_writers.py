"""The still writers: errors if there is no place to write, and bands of lines."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import OpenImageIO as oiio
import pytest
import torch

from unfade.errors import MediaError, UnfadeError
from unfade.film.working_space import WORKING_SPACE
from unfade.media import read_master, write_dpx, write_exr, write_png, write_tiff
from unfade.media.stills.files import fault_in

PIXELS = torch.full((3, 4, 4), 0.5)

WRITERS: dict[str, Callable[..., object]] = {
    "exr": partial(write_exr, colorspace="ACEScg"),
    "dpx": partial(write_dpx, bits=10),
    "tif": partial(write_tiff, colorspace=WORKING_SPACE),
    "png": write_png,
}


def test_folder_is_missing_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in ("file", "gone"):
        with pytest.raises(MediaError, match=r"a.exr: cannot be written, its folder is missing"):
            write_exr(tmp_path / folder / "a.exr", PIXELS, colorspace=WORKING_SPACE)


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"a.pgn: cannot be written \(.*\); use the suffix"):
        write_png(tmp_path / "a.pgn", PIXELS)


@pytest.mark.parametrize("step", ["open", "write_image", "close"])
def test_a_failed_step_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """OpenImageIO reports failure by return value, so each step must be checked."""

    class FullDisk:
        def __init__(self, path: str) -> None:
            self._path = path

        def open(self, *_: object) -> bool:
            Path(self._path).write_text("half of it")
            return step != "open"

        def write_image(self, *_: object) -> bool:
            return step != "write_image"

        def close(self) -> bool:
            return step != "close"

        def geterror(self) -> str:
            return f"No space left on device: {self._path}"

    write_png(tmp_path / "a.png", PIXELS)
    before = (tmp_path / "a.png").read_bytes()
    monkeypatch.setattr(oiio.ImageOutput, "create", FullDisk)
    with pytest.raises(UnfadeError, match=r"a.png: cannot be written \(No space left"):
        write_png(tmp_path / "a.png", PIXELS * 0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == before


@pytest.mark.parametrize("suffix", ["exr", "dpx", "tif", "png"])
def test_bands_of_lines_give_the_same_file_as_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    pixels = torch.rand(3, 37, 50, generator=torch.Generator().manual_seed(0)) * 1.4 - 0.2
    path, found = tmp_path / f"a.{suffix}", []
    for band_pixels in (1 << 16, 6 * 50, 1):
        monkeypatch.setattr("unfade.geometry.bands.BAND_PIXELS", band_pixels)
        clipped = WRITERS[suffix](path, pixels)
        found.append((clipped, path.read_bytes()))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(("suffix", "count"), [("exr", 12), ("tif", 4)])
def test_values_that_are_no_numbers_are_counted_over_all_bands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, count: int
) -> None:
    """Conversion to ACEScg carries them to all three channels."""
    monkeypatch.setattr("unfade.geometry.bands.BAND_PIXELS", 100)
    pixels = torch.full((3, 40, 50), 0.5)
    pixels[0, ::13, 7] = float("nan")
    with pytest.raises(MediaError, match=f": {count} of its values are not numbers"):
        WRITERS[suffix](tmp_path / f"a.{suffix}", pixels)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"", "is empty"), (b"no picture", r"cannot be read \(.+\)"), (None, "is missing")],
)
def test_a_damaged_master_is_to_be_rendered_again(
    tmp_path: Path, content: bytes | None, fault: str
) -> None:
    path = tmp_path / "master.exr"
    if content is not None:
        path.write_bytes(content)
    sentence = (
        rf"master\.exr: {fault}; give yourself permission to read it, or run 'unfade render' again$"
    )
    with pytest.raises(MediaError, match=sentence):
        read_master(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_master_without_permission_says_so(tmp_path: Path) -> None:
    path = tmp_path / "master.exr"
    write_exr(path, PIXELS, colorspace="ACES2065-1")
    path.chmod(0)
    with pytest.raises(MediaError, match=r"cannot be read .*Permission denied"):
        read_master(path)


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("a.exr: is empty; restore the file", "empty"),
        ("a.exr: cannot be read (end; of file); restore it", "cannot be read (end; of file)"),
        ("a.exr: holds nothing", "holds nothing"),
    ],
)
def test_the_fault_of_an_error_is_never_empty(sentence: str, fault: str) -> None:
    assert fault_in(MediaError(sentence), "a.exr") == fault
