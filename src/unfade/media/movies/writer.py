"""Writes movies: R'G'B' tensors to Y'CbCr planes, without FFmpeg's scaler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from unfade.errors import MediaError
from unfade.film.clip import YCbCrMatrix
from unfade.media.movies.planes import KR_KB
from unfade.work.writing import writing

if TYPE_CHECKING:
    from torch import Tensor

_PRIMARIES = 1
"""H.273 code point of the working space's primaries, BT.709."""

_TRANSFER = 1
"""H.273 code point of BT.709, because gamma 2.4 has none and displays show BT.709 with gamma 2.4
(ITU-R BT.1886)."""

_MATRIX_CODES: Mapping[str, int] = {"bt601": 6, "bt709": 1}
"""H.273 code points of the matrices."""

_LIMITED_RANGE = 1
"""FFmpeg's AVCOL_RANGE_MPEG."""

_CONTAINERS: Mapping[str, str] = {".mpg": "vob"}
"""FFmpeg formats by suffix if the default is wrong: for .mpg it is the program stream of MPEG-1,
but MPEG-2 video needs that of MPEG-2."""


@dataclass(frozen=True)
class _Layout:
    """Plane layout of a pixel format: bits of a sample, and luma samples for one of chroma."""

    bits: int
    across: int
    down: int


_LAYOUTS: Mapping[str, _Layout] = {
    "yuv420p": _Layout(8, 2, 2),
    "yuv422p": _Layout(8, 2, 1),
    "yuv444p": _Layout(8, 1, 1),
    "yuv420p10le": _Layout(10, 2, 2),
    "yuv422p10le": _Layout(10, 2, 1),
    "yuv444p10le": _Layout(10, 1, 1),
}
"""Layouts of the supported pixel formats."""


class MovieWriter:
    """Writes frames to a movie, which appears under its name when it is complete.

    The suffix of `path` determines the container. Frames are (3, height, width) R'G'B' in the
    working space and are stored as limited-range Y'CbCr of `matrix`, clipped to the codes that
    video allows (1 to 254 at 8 bits). Chroma is sited as in MPEG-2: on the left luma sample, and
    midway between two lines, in each field separately if `interlaced`.

    Args:
        path: the movie.
        codec: FFmpeg's name of an encoder, such as ``mpeg2video``, ``libx264``, ``prores_ks``.
        width: in pixels.
        height: in pixels.
        rate: in frames per second.
        pixel_format: ``yuv420p``, ``yuv422p``, ``yuv444p``, or one of them with ``10le``.
        matrix: of Y'CbCr.
        interlaced: each frame holds two fields, the top one (even lines) first.
        bit_rate: in bits per second; None for the encoder's default.
        pixel_aspect: width / height of a pixel.
        timecode: of the first frame, for containers that have a timecode track: QuickTime, MP4 and
            MXF. The identifiers that MXF has to have are new in each file.
        options: further options of the encoder. By default it runs on one thread, so that the same
            frames give the same bytes on every machine; ``threads`` overrides this.

    Raises:
        MediaError: codec, container, size or options do not fit together, or the disk is full.
    """

    def __init__(
        self,
        path: Path,
        *,
        codec: str,
        width: int,
        height: int,
        rate: Fraction,
        pixel_format: str = "yuv420p",
        matrix: YCbCrMatrix = "bt709",
        interlaced: bool = False,
        bit_rate: int | None = None,
        pixel_aspect: Fraction = Fraction(1),
        timecode: str | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        if pixel_format not in _LAYOUTS:
            raise MediaError(
                f"{path}: pixel format '{pixel_format}' cannot be written; "
                f"use one of {', '.join(_LAYOUTS)}"
            )
        self._path = path
        self._codec = codec
        self._width = width
        self._height = height
        self._rate = rate
        self._pixel_format = pixel_format
        self._layout = _LAYOUTS[pixel_format]
        self._matrix: YCbCrMatrix = matrix
        self._interlaced = interlaced
        self._bit_rate = bit_rate
        self._pixel_aspect = pixel_aspect
        self._timecode = timecode
        self._options = dict(options or {})
        self._count = 0
        self._check_size()

    def __enter__(self) -> Self:
        with ExitStack() as stack, self._with_readable_errors():
            temporary = stack.enter_context(writing(self._path))
            container = av.open(
                str(temporary), "w", format=_CONTAINERS.get(self._path.suffix.lower())
            )
            stack.callback(container.close)
            self._container = container
            self._stream = self._open_stream()
            self._graph = self._open_graph()
            self._stack = stack.pop_all()
        return self

    def write(self, rgb: Tensor) -> None:
        """Appends a frame, (3, height, width).

        Raises:
            ValueError: it has another shape.
            MediaError: the encoder refuses it, or the disk is full.
        """
        if rgb.shape != (3, self._height, self._width):
            raise ValueError(
                f"picture is {tuple(rgb.shape)}, the movie {(3, self._height, self._width)}"
            )
        planes = rgb_to_planes(rgb, self._layout, self._matrix, interlaced=self._interlaced)
        with self._with_readable_errors():
            frame = self._frame_of(planes)
            self._graph.push(frame)
            self._container.mux(self._stream.encode(self._graph.pull()))
        self._count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._with_readable_errors():
            if error is not None:
                self._stack.__exit__(kind, error, traceback)
                return
            with self._stack:
                if self._count == 0:
                    raise MediaError(f"{self._path}: no frame was written; write at least one")
                self._container.mux(self._stream.encode(None))

    def _check_size(self) -> None:
        lines = self._layout.down * (2 if self._interlaced else 1)
        if self._width % self._layout.across or self._height % lines:
            raise MediaError(
                f"{self._path}: {self._width} x {self._height} pixels do not fit "
                f"{self._pixel_format}; make the width a multiple of {self._layout.across} and "
                f"the height of {lines}"
            )

    def _open_stream(self) -> Any:
        options = {"threads": "1"} | self._options
        if self._interlaced:
            options |= {"flags": "+ildct+ilme", "field_order": "tt"}
        stream: Any = self._container.add_stream(self._codec, rate=self._rate, options=options)
        stream.width = self._width
        stream.height = self._height
        stream.pix_fmt = self._pixel_format
        stream.codec_context.time_base = 1 / self._rate
        stream.codec_context.sample_aspect_ratio = self._pixel_aspect
        self._tag(stream.codec_context)
        if self._timecode is not None:
            stream.metadata["timecode"] = self._timecode
        if self._bit_rate is not None:
            stream.bit_rate = self._bit_rate
        return stream

    def _open_graph(self) -> Graph:
        """A graph that sets the field order of a frame, because only a filter can."""
        graph = Graph()
        source = graph.add_buffer(
            width=self._width,
            height=self._height,
            format=av.VideoFormat(self._pixel_format),
            time_base=1 / self._rate,
        )
        fields = graph.add("setfield", "tff" if self._interlaced else "prog")
        sink = graph.add("buffersink")
        source.link_to(fields)
        fields.link_to(sink)
        graph.configure()
        return graph

    def _tag(self, target: Any) -> None:
        """Tags a stream or a frame with its matrix, range, primaries and transfer."""
        target.color_primaries = _PRIMARIES
        target.color_trc = _TRANSFER
        target.colorspace = _MATRIX_CODES[self._matrix]
        target.color_range = _LIMITED_RANGE

    def _frame_of(self, planes: tuple[Tensor, Tensor, Tensor]) -> av.VideoFrame:
        frame = av.VideoFrame(self._width, self._height, self._pixel_format)
        dtype = np.dtype(np.uint8 if self._layout.bits == 8 else np.uint16)
        for plane, codes in zip(frame.planes, planes, strict=True):
            stored: NDArray[Any] = np.frombuffer(memoryview(plane), dtype)
            stored.reshape(plane.height, -1)[:, : plane.width] = codes.numpy()
        frame.pts = self._count
        frame.time_base = 1 / self._rate
        self._tag(frame)
        return frame

    @contextmanager
    def _with_readable_errors(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, av.codec.codec.UnknownCodecError, ValueError) as error:
            raise MediaError(
                f"{self._path}: cannot be written with {self._codec} at frame {self._count} "
                f"({error}); use a suffix, codec and options that fit together, and check that "
                "the folder exists and the disk has free space"
            ) from error


def rgb_to_planes(
    rgb: Tensor, layout: _Layout, matrix: YCbCrMatrix, *, interlaced: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Codes of Y', Cb and Cr, as int32 planes, from R'G'B' (3, H, W).

    Source: limited range and quantisation of ITU-R BT.709-6, item 4.6, which BT.601 shares.
    """
    import torch

    kr, kb = KR_KB[matrix]
    red, green, blue = rgb.unbind(0)
    y = kr * red + (1 - kr - kb) * green + kb * blue
    cbcr = torch.stack([(blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr)])
    cb, cr = _subsample(cbcr, layout, interlaced=interlaced).unbind(0)
    return (
        _codes(16 + 219 * y, layout.bits),
        _codes(128 + 224 * cb, layout.bits),
        _codes(128 + 224 * cr, layout.bits),
    )


def _codes(eight_bit: Tensor, bits: int) -> Tensor:
    """8-bit codes with fractions, rounded to codes of `bits`; the outermost codes are reserved for
    timing."""
    import torch

    unit = 1 << (bits - 8)
    return (eight_bit * unit).round().clamp(unit, 255 * unit - 1).to(torch.int32)


def _subsample(cbcr: Tensor, layout: _Layout, *, interlaced: bool) -> Tensor:
    """Chroma (2, H, W) at the sites of MPEG-2 (ISO/IEC 13818-2, item 6.1.1.8)."""
    import torch

    if layout.across == 2:
        cbcr = _halve(cbcr, site=0.0)
    if layout.down == 1:
        return cbcr
    columns = cbcr.transpose(1, 2)
    if not interlaced:
        return _halve(columns, site=0.5).transpose(1, 2)
    top = _halve(columns[..., 0::2], site=0.25)
    bottom = _halve(columns[..., 1::2], site=0.75)
    woven: Tensor = torch.stack([top, bottom], dim=-1).flatten(-2)
    lines: Tensor = woven.transpose(1, 2)
    return lines


def _halve(lines: Tensor, site: float) -> Tensor:
    """Every second sample of the last axis, sited `site` samples to the right, with a triangle
    filter."""
    import torch
    from torch.nn import functional

    offsets = torch.arange(-1, 3, dtype=lines.dtype)
    taps = (1 - (offsets - site).abs() / 2).clamp_min(0)
    taps = taps / taps.sum()
    padded = functional.pad(lines, (1, 2), mode="replicate")
    last = padded.shape[-1] - len(taps)
    halved: Tensor = reduce(
        torch.add,
        [padded[..., k : last + k + 1 : 2] * tap for k, tap in enumerate(taps.tolist())],
    )
    return halved
