"""One pass over a movie that finds out what its header does not say, or says wrongly."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from unfade.errors import MediaError
from unfade.film.clip import FieldOrder, Video
from unfade.film.work import Track
from unfade.media.containers import Movie, open_movie
from unfade.media.fields import FieldMeter
from unfade.media.movie_index import movie_index
from unfade.media.movies import decode
from unfade.media.planes import can_read

_MATRICES = {1: "bt709", 4: "bt601", 5: "bt601", 6: "bt601"}
"""By the numbers of ITU-T H.273 that frames carry; 4 is FCC, whose numbers are BT.601's."""

_UNTAGGED = (0, 2, 3)
"""Matrix numbers that say nothing of a Y'CbCr frame: R'G'B', unspecified, reserved."""

_FULL_RANGE = 2
_UNKNOWN_RANGE = 0

_GREATEST_SD_HEIGHT = 576
"""Lines. Untagged movies of up to so many are of BT.601, larger ones of BT.709."""

_DISPLAY_TRANSFERS = (0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15)
"""H.273 transfer numbers that a display shows as they are; the rest is linear, log, PQ or HLG."""

_HEADER_KNOWS_END = ("mov,mp4", "matroska", "avi")
"""Containers, by the start of their names, whose header says how long they are."""

_FRAMES_OF_SLACK = Fraction(3, 2)
_SECONDS_OF_SLACK = Fraction(2)
"""How much earlier than the header says a movie may end: alone, as some writers count one frame
too many, and with sound beside it."""


@dataclass(frozen=True)
class MovieSurvey:
    """What a movie holds. `rate` and `timecode` are none where the container does not tell.

    `weave` has the letters of `Cadence`, one a frame. `random_access` says that the frames came
    at the very times, in the very order, that the index of its packets has.
    """

    count: int
    width: int
    height: int
    rate: Fraction | None
    pixel_aspect: Fraction
    fields: FieldOrder
    weave: str
    video: Video | None
    codec: str
    is_display_referred: bool
    timecode: str | None
    has_alpha: bool
    random_access: bool


def survey_movie(path: str, track: Track) -> MovieSurvey:
    """Decodes a whole movie; `track` is told of every frame.

    Raises:
        MediaError: it is missing, damaged, ends early, changes its size, or is of a kind that
            cannot be read.
    """
    with open_movie(path) as movie:
        frames = decode(movie)
        first = next(frames, None)
        if first is None:
            raise MediaError(f"{path}: holds no picture that can be decoded; restore the file")
        if not can_read(first.format):
            raise MediaError(
                f"{path}: stores its pictures as {first.format.name}, which is not supported; "
                "convert it to FFV1 or ProRes"
            )
        meter = None if first.format.is_rgb else FieldMeter()
        times: list[int | None] = []
        label = f"Looking through {Path(path).name}"
        for frame in track(_with_first(first, frames), label, _likely_count(movie.stream)):
            _check_size(path, len(times), frame, first)
            if meter is not None:
                meter.add(frame)
            times.append(frame.pts)
        count = len(times)
        _check_end(movie, count)
        index = movie_index(path)
        stream = movie.stream
        fields, weave = meter.fields() if meter is not None else ("progressive", "s" * count)
        return MovieSurvey(
            count=count,
            width=first.width,
            height=first.height,
            rate=stream.guessed_rate or None,
            pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
            fields=fields,
            weave=weave,
            video=_video(path, first),
            codec=stream.codec_context.name,
            is_display_referred=int(first.color_trc) in _DISPLAY_TRANSFERS,
            timecode=_timecode(movie),
            has_alpha=any(component.is_alpha for component in first.format.components),
            random_access=index is not None and index.times.tolist() == times,
        )


def _likely_count(stream: av.VideoStream) -> int:
    """About how many frames a movie has, by its header; 0 where it does not tell."""
    if stream.frames or not (stream.duration and stream.time_base and stream.guessed_rate):
        return stream.frames
    return round(stream.duration * stream.time_base * stream.guessed_rate)


def _with_first(first: av.VideoFrame, rest: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    yield first
    yield from rest


def _check_size(path: str, number: int, frame: av.VideoFrame, first: av.VideoFrame) -> None:
    if (frame.width, frame.height) != (first.width, first.height):
        raise MediaError(
            f"{path}: frame {number} is {frame.width} x {frame.height} pixels, the ones before "
            f"are {first.width} x {first.height}; cut the movie there"
        )


def _video(path: str, frame: av.VideoFrame) -> Video | None:
    if frame.format.is_rgb:
        return None
    matrix = _MATRICES.get(int(frame.colorspace))
    if matrix is None:
        if int(frame.colorspace) not in _UNTAGGED:
            raise MediaError(
                f"{path}: is tagged with colour matrix {int(frame.colorspace)} of H.273, which is "
                "not supported; convert it to BT.709"
            )
        matrix = "bt601" if frame.height <= _GREATEST_SD_HEIGHT else "bt709"
    return Video.model_validate({"matrix": matrix, "range": _range(frame)})


def _timecode(movie: Movie) -> str | None:
    """Of the first frame, from wherever the container keeps it."""
    places = (movie.stream, movie.container, *movie.container.streams)
    found = (
        value
        for place in places
        for key, value in place.metadata.items()
        if key.lower() == "timecode"
    )
    return next(found, None)


def _range(frame: av.VideoFrame) -> str:
    """By tag; untagged grey and JPEG are of full range, all else is limited."""
    if int(frame.color_range) != _UNKNOWN_RANGE:
        return "full" if int(frame.color_range) == _FULL_RANGE else "limited"
    return "full" if frame.format.name.startswith(("yuvj", "gray")) else "limited"


def _check_end(movie: Movie, count: int) -> None:
    """Compares what was decoded with what the header promises."""
    promised = movie.stream.frames
    if promised > count:
        raise MediaError(f"{movie.path}: ends after {count} of {promised} frames; restore the file")
    if not movie.container.format.name.startswith(_HEADER_KNOWS_END):
        return
    promised_end, seen_end = _ends(movie)
    if promised_end is None or seen_end is None:
        return
    alone = len(movie.container.streams) == 1
    slack = _FRAMES_OF_SLACK * _frame_time(movie) if alone else _SECONDS_OF_SLACK
    if promised_end - seen_end > slack:
        raise MediaError(
            f"{movie.path}: ends after {float(seen_end):.2f} of {float(promised_end):.2f} seconds; "
            "restore the file"
        )


def _ends(movie: Movie) -> tuple[Fraction | None, Fraction | None]:
    """The end of the movie in seconds as the header promises it, and as its packets have it."""
    container = movie.container
    if container.duration is None:
        return None, None
    container.seek(0)
    frame_time = _frame_time(movie)
    ends = [
        packet.pts * packet.time_base
        + (packet.duration * packet.time_base if packet.duration else frame_time)
        for packet in container.demux()
        if packet.pts is not None
    ]
    promised = Fraction(container.duration + (container.start_time or 0), av.time_base)
    return promised, max(ends, default=None)


def _frame_time(movie: Movie) -> Fraction:
    """Seconds; none at all where the rate is unknown."""
    return 1 / movie.stream.guessed_rate if movie.stream.guessed_rate else Fraction(0)
