"""Errors of the still writers if there is no place to write."""

from pathlib import Path

import OpenImageIO as oiio
import pytest
import torch

from unfade.errors import MediaError, UnfadeError
from unfade.film.working_space import WORKING_SPACE
from unfade.media import write_exr, write_png

PIXELS = torch.full((3, 4, 4), 0.5)


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
