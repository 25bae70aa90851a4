"""A new film.toml for elements that do not state every fact."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from unfade.commands.new_project import write_project
from unfade.project.color_config import PINNED

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
