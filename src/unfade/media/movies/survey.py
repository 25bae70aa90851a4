"""One pass over a movie that finds out what its header does not say, or says wrongly."""

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
from unfade.media.movies.fields import FoundFields, find_fields, header_of
from unfade.media.movies.index import MovieIndex, movie_index
from unfade.media.movies.planes import can_read
from unfade.media.movies.reader import check_size, decode
from unfade.media.movies.tags import MovieTags
from unfade.media.threads.read_ahead import FRAMES_AHEAD, run_ahead
from unfade.project.settings import ClipSection
from unfade.work.progress import Track


@dataclass(frozen=True)
class MovieSurvey:
    """What a movie holds. `rate` and `timecode` are none where the container does not tell.

    `random_access` says that the frames came at the very times, in the very order, that the index
    of its packets has.
    """

    count: int
    width: int
    height: int
    rate: Fraction | None
    pixel_aspect: Fraction
    fields: FoundFields
    tags: MovieTags
    codec: str
    timecode: str | None
    has_alpha: bool
    random_access: bool
    remarks: tuple[str, ...]


def survey_movie(path: str, section: ClipSection, track: Track) -> MovieSurvey:
    """Decodes a whole movie; `track` is told of every frame.

    Raises:
        MediaError: it is missing, damaged, ends early, changes its size or its tags where
            `section` does not say what counts, or is of a kind that cannot be read.
    """
    seen = run_ahead(_opened(path), held=FRAMES_AHEAD, what=path)
    header = next(seen)
    assert isinstance(header, _Header)
    first: av.VideoFrame | None = None
    meter: FieldMeter | None = None
    times: list[int | None] = []
    for frame in track(seen, f"Looking through {Path(path).name}", header.likely_count):
        if first is None:
            first, tags = frame, MovieTags.of(frame).without_said(section)
            _check_readable(path, frame)
            meter = None if frame.format.is_rgb else FieldMeter()
        check_size(path, len(times), frame, first.width, first.height)
        _check_tags(path, len(times), MovieTags.of(frame).without_said(section), tags)
        if meter is not None:
            meter.add(frame)
        times.append(frame.pts)
    if first is None:
        raise MediaError(f"{path}: holds no picture that can be decoded; restore the file")
    _check_all_came(path, header, times)
    return MovieSurvey(
        count=len(times),
        width=first.width,
        height=first.height,
        rate=header.rate,
        pixel_aspect=header.pixel_aspect,
        fields=_fields(header, meter, len(times)),
        tags=tags,
        codec=header.codec,
        timecode=header.timecode,
        has_alpha=any(component.is_alpha for component in first.format.components),
        random_access=header.index is not None and header.index.times.tolist() == times,
        remarks=_remarks(header, first, times),
    )


@dataclass(frozen=True)
class _Header:
    """What a movie says before its first frame, and the index of its packets."""

    rate: Fraction | None
    pixel_aspect: Fraction
    codec: str
    stores_pictures_alone: bool
    field_order: int
    timecode: str | None
    likely_count: int
    index: MovieIndex | None
    time_base: Fraction
    streams: int


def _opened(path: str) -> Generator[Any, None, None]:
    """The header of a movie, then its frames. All that touches the file is in here, so that it can
    be done in a thread that may hang.

    Raises:
        MediaError: the movie is missing or damaged.
    """
    with open_movie(path) as movie:
        _check_whole(movie)
        stream = movie.stream
        yield _Header(
            rate=exact_rate(stream.guessed_rate) if stream.guessed_rate else None,
            pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
            codec=stream.codec_context.name,
            stores_pictures_alone=stream.codec_context.codec.intra_only,
            field_order=int(stream.codec_context.field_order),
            timecode=_timecode(movie),
            likely_count=_likely_count(stream),
            index=movie_index(path),
            time_base=stream.time_base,
            streams=movie.streams,
        )
        yield from decode(movie)


def _remarks(header: _Header, first: av.VideoFrame, times: list[int | None]) -> tuple[str, ...]:
    """What a person is to know of the stream that is read."""
    remarks = []
    if header.streams > 1:
        remarks.append(
            f"holds {header.streams} streams of moving pictures; the one of {header.codec}, "
            f"{first.width} x {first.height} pixels, is read"
        )
    known = [time for time in times if time is not None]
    if header.rate is not None and len(known) == len(times):
        periods = round((max(known) - min(known)) * header.time_base * header.rate) + 1
        if periods > len(times):
            remarks.append(
                f"its {len(times)} pictures are spread over {periods} periods of 1/{header.rate} "
                "second; they are counted one by one, so 'rate' may be another"
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


def _fields(header: _Header, meter: FieldMeter | None, count: int) -> FoundFields:
    if meter is None:
        return FoundFields("progressive", "s" * count, "not looked at, as it is R'G'B'")
    said = header_of(header.field_order, meter.interlaced, count)
    return find_fields(meter, said)


def _check_whole(movie: Movie) -> None:
    """
    Raises:
        MediaError: the file ends before its own structure does.
    """
    place = cut_off_at(movie.path, movie.container.format.name)
    if place is not None:
        raise MediaError(
            f"{movie.path}: is cut off or damaged: the part that starts at byte {place:,} does not "
            f"fit into the file's {movie.container.size:,} bytes; restore the file"
        )


def _likely_count(stream: av.VideoStream) -> int:
    """About how many frames a movie has, by its header; 0 where it does not tell."""
    if stream.frames or not (stream.duration and stream.time_base and stream.guessed_rate):
        return stream.frames
    return round(stream.duration * stream.time_base * stream.guessed_rate)


def _check_tags(path: str, number: int, found: MovieTags, first: MovieTags) -> None:
    """
    Raises:
        MediaError: a frame's tags differ from those of the first frame.
    """
    name = first.other_in(found)
    if name is not None:
        key = MovieTags.KEYS[name]
        known = (
            f"frame {number} is tagged with {name} {getattr(found, name)}, the ones before with "
            f"{getattr(first, name)}"
        )
        remedy = f"set '{key}' in film.toml to what all are, or cut the movie there"
        raise MissingFactError(f"{path}: {known}; {remedy}", key, known)


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


def _check_all_came(path: str, header: _Header, times: list[int | None]) -> None:
    """
    Raises:
        MediaError: a packet of a codec that stores each picture by itself gave no picture.
    """
    index = header.index
    if index is None or not header.stores_pictures_alone:
        return
    lost = np.setdiff1d(index.times, [time for time in times if time is not None])
    if len(lost):
        number = index.number_at(int(lost[0]))
        raise MediaError(
            f"{path}: {len(lost)} of {len(index.times)} frames cannot be decoded, the first is "
            f"frame {number}; restore the file"
        )
