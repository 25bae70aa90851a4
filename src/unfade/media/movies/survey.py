"""Decodes a movie once to measure what its header does not state, or states wrongly."""

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from unfade.errors import MediaError, MissingFactError
from unfade.film.time import exact_rate
from unfade.media.movies.combing import FieldMeter
from unfade.media.movies.containers import Movie, open_movie
from unfade.media.movies.cut_off import cut_off_at
from unfade.media.movies.fields import DetectedFields, detect_fields, header_fields
from unfade.media.movies.index import MovieIndex, movie_index
from unfade.media.movies.planes import can_read
from unfade.media.movies.reader import check_size, decode
from unfade.media.movies.tags import MovieTags
from unfade.media.threads.read_ahead import MAX_FRAMES_AHEAD, prefetch
from unfade.project.settings import ClipSection
from unfade.work.progress import Track


@dataclass(frozen=True)
class MovieSurvey:
    """What a movie contains. `rate` and `timecode` are None if the container does not state them.

    `random_access` is true if the decoded frames have exactly the times and the order of the packet
    index.
    """

    count: int
    width: int
    height: int
    rate: Fraction | None
    pixel_aspect: Fraction
    fields: DetectedFields
    tags: MovieTags
    codec: str
    timecode: str | None
    has_alpha: bool
    random_access: bool
    remarks: tuple[str, ...]


def survey_movie(path: str, section: ClipSection, track: Track) -> MovieSurvey:
    """Decodes a whole movie; `track` reports each frame.

    Raises:
        MediaError: the movie is missing, damaged, ends early, changes its frame size, changes a tag
            that `section` does not overrule, or has an unsupported pixel format.
    """
    header_and_frames = prefetch(_header_and_frames(path), max_held=MAX_FRAMES_AHEAD, name=path)
    header = next(header_and_frames)
    assert isinstance(header, _Header)
    first: av.VideoFrame | None = None
    meter: FieldMeter | None = None
    times: list[int | None] = []
    for frame in track(
        header_and_frames, f"Looking through {Path(path).name}", header.estimated_count
    ):
        if first is None:
            first, tags = frame, MovieTags.of(frame).with_overrides(section)
            _check_readable(path, frame)
            meter = None if frame.format.is_rgb else FieldMeter()
        check_size(path, len(times), frame, first.width, first.height)
        _check_tags(path, len(times), MovieTags.of(frame).with_overrides(section), tags)
        if meter is not None:
            meter.add(frame)
        times.append(frame.pts)
    if first is None:
        raise MediaError(f"{path}: holds no picture that can be decoded; restore the file")
    _check_all_decoded(path, header, times)
    return MovieSurvey(
        count=len(times),
        width=first.width,
        height=first.height,
        rate=header.rate,
        pixel_aspect=header.pixel_aspect,
        fields=_detected_fields(header, meter, len(times)),
        tags=tags,
        codec=header.codec,
        timecode=header.timecode,
        has_alpha=any(component.is_alpha for component in first.format.components),
        random_access=header.index is not None and header.index.times.tolist() == times,
        remarks=_remarks(header, first, times),
    )


@dataclass(frozen=True)
class _Header:
    """What a movie states before its first frame, and the index of its packets."""

    rate: Fraction | None
    pixel_aspect: Fraction
    codec: str
    is_intra_only: bool
    field_order: int
    timecode: str | None
    estimated_count: int
    index: MovieIndex | None
    time_base: Fraction
    moving_streams: int


def _header_and_frames(path: str) -> Generator[Any, None, None]:
    """The header of a movie, then its frames. All access to the file is in here, so that it can run
    in a thread of its own, which may hang.

    Raises:
        MediaError: the movie is missing or damaged.
    """
    with open_movie(path) as movie:
        _check_complete(movie)
        stream = movie.stream
        yield _Header(
            rate=exact_rate(stream.guessed_rate) if stream.guessed_rate else None,
            pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
            codec=stream.codec_context.name,
            is_intra_only=stream.codec_context.codec.intra_only,
            field_order=int(stream.codec_context.field_order),
            timecode=_timecode(movie),
            estimated_count=_estimated_count(stream),
            index=movie_index(path),
            time_base=stream.time_base,
            moving_streams=movie.moving_streams,
        )
        yield from decode(movie)


def _remarks(header: _Header, first: av.VideoFrame, times: list[int | None]) -> tuple[str, ...]:
    """What the user must know about the stream that is read."""
    remarks = []
    if header.moving_streams > 1:
        remarks.append(
            f"has {header.moving_streams} video streams; the {header.codec} stream of "
            f"{first.width} x {first.height} pixels is read"
        )
    known_times = [time for time in times if time is not None]
    if header.rate is not None and len(known_times) == len(times):
        periods = round((max(known_times) - min(known_times)) * header.time_base * header.rate) + 1
        if periods > len(times):
            remarks.append(
                f"its {len(times)} frames span {periods} frame periods of 1/{header.rate} second; "
                "frames are counted one by one, so the true 'rate' may be another"
            )
    return tuple(remarks)


def _check_readable(path: str, frame: av.VideoFrame) -> None:
    """
    Raises:
        MediaError: the pixel format is not supported.
    """
    if not can_read(frame.format):
        raise MediaError(
            f"{path}: stores its pictures as {frame.format.name}, which is not supported; "
            "convert it to FFV1 or ProRes"
        )


def _detected_fields(header: _Header, meter: FieldMeter | None, count: int) -> DetectedFields:
    if meter is None:
        return DetectedFields("progressive", "s" * count, "not measured, because it is R'G'B'")
    return detect_fields(meter, header_fields(header.field_order, meter.interlaced, count))


def _check_complete(movie: Movie) -> None:
    """
    Raises:
        MediaError: the file ends before its own structure does.
    """
    offset = cut_off_at(movie.path, movie.container.format.name)
    if offset is not None:
        raise MediaError(
            f"{movie.path}: is cut off or damaged: the part that starts at byte {offset:,} does "
            f"not fit into the file's {movie.container.size:,} bytes; restore the file"
        )


def _estimated_count(stream: av.VideoStream) -> int:
    """Approximate number of frames from the header; 0 if it states none."""
    if stream.frames or not (stream.duration and stream.time_base and stream.guessed_rate):
        return stream.frames
    return round(stream.duration * stream.time_base * stream.guessed_rate)


def _check_tags(path: str, number: int, later: MovieTags, first: MovieTags) -> None:
    """
    Raises:
        MissingFactError: a frame's tags differ from those of the first frame.
    """
    name = first.first_change(later)
    if name is not None:
        key = MovieTags.KEYS[name]
        known = (
            f"frame {number} is tagged with {name} {getattr(later, name)}, the ones before with "
            f"{getattr(first, name)}"
        )
        remedy = f"set '{key}' in film.toml to what all are, or cut the movie there"
        raise MissingFactError(f"{path}: {known}; {remedy}", key, known)


def _timecode(movie: Movie) -> str | None:
    """The timecode of the first frame, from wherever the container stores it."""
    holders = (movie.stream, movie.container, *movie.container.streams)
    timecodes = (
        value
        for holder in holders
        for key, value in holder.metadata.items()
        if key.lower() == "timecode"
    )
    return next(timecodes, None)


def _check_all_decoded(path: str, header: _Header, times: list[int | None]) -> None:
    """
    Raises:
        MediaError: a packet of an intra-only codec gave no frame.
    """
    index = header.index
    if index is None or not header.is_intra_only:
        return
    undecoded = np.setdiff1d(index.times, [time for time in times if time is not None])
    if len(undecoded):
        number = index.frame_at(int(undecoded[0]))
        raise MediaError(
            f"{path}: {len(undecoded)} of {len(index.times)} frames cannot be decoded, the first "
            f"is frame {number}; restore the file"
        )
