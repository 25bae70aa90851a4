"""A new film.toml for elements that do not state every fact."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from unfade import media
from unfade.commands.new_project import write_project
from unfade.errors import ProjectError
from unfade.project.color_config import PINNED
from unfade.project.file import load_project

from ..fixtures import RecordingProgress

BT2020_CONSTANT, PQ = 10, 16
"""Code points of ITU-T H.273: an unsupported matrix, and a transfer that is not Rec.709."""


def movie(path: Path) -> str:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv444p"
        stream.codec_context.colorspace = BT2020_CONSTANT
        stream.codec_context.color_trc = PQ
        for value in (40, 90, 140):
            picture = np.full((3, 24, 32), value, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv444p")
            frame.colorspace, frame.color_trc = BT2020_CONSTANT, PQ
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return str(path)


def test_a_movie_without_two_facts_is_decoded_once(tmp_path: Path) -> None:
    progress = RecordingProgress()
    made = write_project(
        tmp_path / "film", movie(tmp_path / "scan.mkv"), [], "Reel", progress, PINNED
    )
    assert set(made.to_fill_in) == {"source.colorspace", "source.matrix"}
    assert progress.labels == ["Looking through scan.mkv"]


def pictures(folder: Path, name: str) -> str:
    """A sequence of two pictures; its pattern."""
    folder.mkdir(exist_ok=True)
    for frame in (1, 2):
        media.write_png(folder / f"{name}.{frame:04d}.png", torch.full((3, 24, 32), 0.5))
    return str(folder / f"{name}.%04d.png")


def test_references_with_the_same_file_name_get_names_of_their_own(tmp_path: Path) -> None:
    progress = RecordingProgress()
    scan = pictures(tmp_path / "scan", "scan")
    copies = [
        pictures(tmp_path / folder, name)
        for folder, name in (
            ("dvd", "title01"),
            ("tape", "Title01"),
            ("disc", "title01"),
            ("other", "title01-2"),
            ("long", "a" * 40),
            ("longer", "a" * 40),
        )
    ]
    made = write_project(tmp_path / "film", scan, copies, "Reel", progress, PINNED)
    references = load_project(made.path).reference
    names = ["title01", "Title01-3", "title01-4", "title01-2", "a" * 30, "a" * 28 + "-2"]
    assert [reference.name for reference in references] == names
    said = [line for line in progress.messages if "is the reference" in line]
    assert said == [
        f"{copy}: is the reference '{name}' in {made.path}"
        for copy, name in zip(copies, names, strict=True)
        if name != "title01-2"
    ]


def test_a_reference_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    copy = pictures(tmp_path / "dvd", "title01")
    for again in (f"{tmp_path}/dvd/../dvd/title01.%04d.png", str(tmp_path / "dvd")):
        with pytest.raises(ProjectError, match="is given twice as --reference; give it once"):
            write_project(tmp_path, copy, [copy, again], "Reel", RecordingProgress(), PINNED)


def test_a_damaged_scan_gets_a_project_that_says_so(tmp_path: Path) -> None:
    """Only a film.toml can say what is done about damaged frames."""
    scan = pictures(tmp_path / "scan", "scan")
    for frame in (3, 5):
        media.write_png(tmp_path / f"scan/scan.{frame:04d}.png", torch.full((3, 24, 32), 0.5))
    (tmp_path / "scan/scan.0002.png").write_bytes(b"")
    progress = RecordingProgress()
    made = write_project(tmp_path / "film", scan, [], "Reel", progress, PINNED)
    assert f"{scan}: damaged frames (2: empty, 4: missing)" in progress.messages
    text = made.path.read_text()
    assert "else an error: damaged frames (2: empty, 4: missing)" in text
    assert load_project(made.path).source.damaged == "error"
    made.path.write_text(text.replace('# damaged = "hold"', 'damaged = "hold"'))
    assert load_project(made.path).source.damaged == "hold"
