"""A decoded frame as plain data, which passes from one process to another."""

from __future__ import annotations

import functools
from pickle import PickleBuffer
from typing import Any, NamedTuple

import av
import numpy as np


class StoredPlane(NamedTuple):
    """The bytes of a plane, line after line with their padding; `width` in samples. Pickle leaves
    `memory` out of its stream."""

    width: int
    height: int
    memory: PickleBuffer | memoryview


class DecodedFrame(NamedTuple):
    """What FFmpeg gives for a frame. `pts` is its time in units of the stream. `colorspace`,
    `color_range` and `color_trc` are FFmpeg's numbers; `display_matrix` is empty if it has none."""

    width: int
    height: int
    format_name: str
    pts: int | None
    is_interlaced: bool
    colorspace: int
    color_range: int
    color_trc: int
    display_matrix: bytes
    planes: tuple[StoredPlane, ...]

    @classmethod
    def of(cls, frame: av.VideoFrame) -> DecodedFrame:
        """A frame of PyAV; the planes are views of its memory."""
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
        return cls(
            width=frame.width,
            height=frame.height,
            format_name=frame.format.name,
            pts=frame.pts,
            is_interlaced=bool(frame.interlaced_frame),
            colorspace=int(frame.colorspace),
            color_range=int(frame.color_range),
            color_trc=int(frame.color_trc),
            display_matrix=b"" if matrix is None else bytes(matrix),
            planes=tuple(
                StoredPlane(plane.width, plane.height, PickleBuffer(plane))
                for plane in frame.planes
            ),
        )

    @property
    def format(self) -> av.VideoFormat:
        """The pixel format."""
        return _format(self.format_name)


def sample_type(pixel_format: av.VideoFormat) -> np.dtype[Any]:
    """The type of a sample in memory, for formats of 8 to 16 bits."""
    size = 1 if pixel_format.components[0].bits == 8 else 2
    return np.dtype(f"{'>' if pixel_format.is_big_endian else '<'}u{size}")


@functools.lru_cache
def _format(name: str) -> av.VideoFormat:
    return av.VideoFormat(name)
