"""Movies for the contract tests, written plane by plane, so that each code in them is known."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph

from unfade.project.settings import ClipSection

Planes = Sequence[np.ndarray]
MakeMovie = Callable[..., Path]

SECTION = ClipSection(path="unused")
"""Settings of a clip that leave all facts to its files."""


def write_movie(
    path: Path,
    codec: str,
    pixel_format: str,
    frames: Sequence[Planes],
    *,
    rate: Fraction = Fraction(25),
    fields: str | None = None,
    options: Mapping[str, str] | None = None,
    tags: Mapping[str, int] | None = None,
    container: str | None = None,
    pixel_aspect: Fraction | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Encodes planes of codes. `fields` is "tff" or "bff" for an interlaced movie."""
    height, width = frames[0][0].shape[:2]
    interlaced = {"flags": "+ildct+ilme"} if fields else {}
    with av.open(str(path), "w", format=container) as movie:
        movie.metadata.update(metadata or {})
        stream: Any = movie.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        if pixel_aspect:
            stream.sample_aspect_ratio = pixel_aspect
        for tag, value in (tags or {}).items():
            setattr(stream.codec_context, tag, value)
        stream.codec_context.options = {**(options or {}), **interlaced}
        flag = _field_flagger(width, height, pixel_format, rate, fields)
        for number, planes in enumerate(frames):
            frame = _frame(planes, pixel_format)
            frame.pts, frame.time_base = number, 1 / rate
            for tag, value in (tags or {}).items():
                setattr(frame, tag, value)
            movie.mux(stream.encode(flag(frame)))
        movie.mux(stream.encode(None))
    return path


def _frame(planes: Planes, pixel_format: str) -> av.VideoFrame:
    height, width = planes[0].shape[:2]
    frame = av.VideoFrame(width, height, pixel_format)
    bytes_a_sample = 1 if frame.format.components[0].bits == 8 else 2
    order = ">" if frame.format.is_big_endian else "<"
    for plane, codes in zip(frame.planes, planes, strict=True):
        lines = np.zeros(
            (plane.height, plane.line_size // bytes_a_sample), f"{order}u{bytes_a_sample}"
        )
        flat = codes.reshape(codes.shape[0], -1)
        lines[:, : flat.shape[1]] = flat
        plane.update(memoryview(lines.tobytes()))
    return frame


def _field_flagger(
    width: int, height: int, pixel_format: str, rate: Fraction, fields: str | None
) -> Callable[[av.VideoFrame], av.VideoFrame]:
    """A filter that flags frames as interlaced, because PyAV cannot set the flag directly."""
    if fields is None:
        return lambda frame: frame
    graph = Graph()
    source = graph.add_buffer(
        width=width, height=height, format=av.VideoFormat(pixel_format), time_base=1 / rate
    )
    graph.link_nodes(source, graph.add("setfield", fields), graph.add("buffersink")).configure()

    def flag(frame: av.VideoFrame) -> av.VideoFrame:
        graph.vpush(frame)
        return graph.vpull()

    return flag


@pytest.fixture
def make_movie(tmp_path: Path) -> MakeMovie:
    """`write_movie` into the folder of the test: name, codec, pixel format, frames, ..."""

    def make(name: str, *arguments: Any, **settings: Any) -> Path:
        return write_movie(tmp_path / name, *arguments, **settings)

    return make
