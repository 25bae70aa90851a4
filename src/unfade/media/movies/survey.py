"""Decodes a movie once to measure what its header does not state, or states wrongly."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from unfade.errors import MediaError, MissingFactError
from unfade.film.time import exact_rate
from unfade.media.movies.combing import FieldMeter
from unfade.media.movies.decoded_frame import DecodedFrame
from unfade.media.movies.decoder import Decoder
from unfade.media.movies.decoding import MovieHeader, check_size, header_and_frames
from unfade.media.movies.fields import DetectedFields, detect_fields, header_fields
from unfade.media.movies.planes import can_read
from unfade.media.movies.reader import keep_index
from unfade.media.movies.tags import MovieTags
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
    with Decoder(path) as decoder:
        return _surveyed(path, section, track, decoder.call(header_and_frames))


def _surveyed(
    path: str,
    section: ClipSection,
    track: Track,
    items: Iterator[MovieHeader | DecodedFrame],
) -> MovieSurvey:
    """The survey of a movie from its header and its frames."""
    header = _header(path, items)
    first: DecodedFrame | None = None
    meter: FieldMeter | None = None
    times: list[int | None] = []
    for frame in track(items, f"Looking through {Path(path).name}", header.estimated_count):
        assert isinstance(frame, DecodedFrame)
        if first is None:
            first, tags = frame._replace(planes=()), MovieTags.of(frame).with_overrides(section)
            _check_readable(path, frame)
            meter = None if frame.format.is_rgb else FieldMeter()
        check_size(path, len(times), (frame.width, frame.height), (first.width, first.height))
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


def _header(path: str, items: Iterator[MovieHeader | DecodedFrame]) -> MovieHeader:
    """The first of the items; its index is kept for the readers."""
    header = next(items)
    assert isinstance(header, MovieHeader)
    index = header.index and header.index.copy()
    keep_index(path, index)
    return replace(header, rate=exact_rate(header.rate) if header.rate else None, index=index)


def _remarks(header: MovieHeader, first: DecodedFrame, times: list[int | None]) -> tuple[str, ...]:
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


def _check_readable(path: str, frame: DecodedFrame) -> None:
    """
    Raises:
        MediaError: the pixel format is not supported.
    """
    if not can_read(frame.format):
        raise MediaError(
            f"{path}: stores its pictures as {frame.format.name}, which is not supported; "
            "convert it to FFV1 or ProRes"
        )


def _detected_fields(header: MovieHeader, meter: FieldMeter | None, count: int) -> DetectedFields:
    if meter is None:
        return DetectedFields("progressive", "s" * count, "not measured, because it is R'G'B'")
    return detect_fields(meter, header_fields(header.field_order, meter.interlaced, count))


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


def _check_all_decoded(path: str, header: MovieHeader, times: list[int | None]) -> None:
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
