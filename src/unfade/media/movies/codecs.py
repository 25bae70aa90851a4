"""Codecs of review movies and access copies, with what their containers hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from unfade.media.movies.writer import MovieWriter

_MXF_RATES = frozenset(
    Fraction(rate) for rate in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001")
) | {Fraction(60)}
"""Frames a second that MXF has edit units for (SMPTE ST 377-1), as FFmpeg writes them."""

_DNX_MIN_SIZE_PX = (256, 120)
"""Smallest width and height of DNxHR (SMPTE ST 2019-1)."""


@dataclass(frozen=True)
class MovieCodec:
    """A codec of movies for viewing.

    `name` and `options` are those of its encoder in FFmpeg. `rates` are the only frame rates of its
    container, None if it has any; `min_size` is the smallest width and height, in pixels.
    """

    title: str
    name: str
    suffix: str
    pixel_format: str
    options: Mapping[str, str] = field(default_factory=dict)
    rates: frozenset[Fraction] | None = None
    min_size: tuple[int, int] = (2, 2)

    def fault(self, size: tuple[int, int] | None, rate: Fraction | None) -> str | None:
        """Why it cannot hold a movie of `size` (width, height) at a rate; None if it can. What is
        not known is None and not judged."""
        if self.rates is not None and rate is not None and rate not in self.rates:
            return f"{self.title} has no rate of {rate} frames a second"
        if size is not None and (size[0] < self.min_size[0] or size[1] < self.min_size[1]):
            smallest = " x ".join(map(str, self.min_size))
            return f"{self.title} has at least {smallest} pixels, the movie {size[0]} x {size[1]}"
        return None

    def writer(
        self, stem: Path, size: tuple[int, int], rate: Fraction, timecode: str | None
    ) -> MovieWriter:
        """Opens a movie of `size` (width, height); `stem` is its path without suffix."""
        return MovieWriter(
            stem.with_name(stem.name + self.suffix),
            codec=self.name,
            width=size[0],
            height=size[1],
            rate=rate,
            pixel_format=self.pixel_format,
            options=self.options,
            timecode=timecode,
        )


MOVIE_CODECS: Mapping[str, MovieCodec] = {
    "h264": MovieCodec("H.264", "libx264", ".mp4", "yuv420p", {"preset": "veryfast", "crf": "18"}),
    "prores": MovieCodec("ProRes", "prores_ks", ".mov", "yuv422p10le", {"profile": "3"}),
    "dnxhr": MovieCodec(
        "DNxHR in MXF",
        "dnxhd",
        ".mxf",
        "yuv422p10le",
        {"profile": "dnxhr_hqx"},
        _MXF_RATES,
        _DNX_MIN_SIZE_PX,
    ),
}
"""Codecs by the values of deliver.movie; ProRes is 422 HQ, DNxHR is HQX with 10 bits."""
