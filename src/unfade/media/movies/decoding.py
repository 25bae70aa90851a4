"""Decodes movies, with PyAV. Frames are numbered from 0 in presentation order.

These functions meet what a foreign file holds; `Decoder` calls them in another process. They
import little, because that process must start fast.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any

import av
import av.error
import av.filter

from unfade.errors import MediaError
from unfade.media.movies.containers import Movie, open_movie
from unfade.media.movies.cut_off import cut_off_at
from unfade.media.movies.decoded_frame import DecodedFrame
from unfade.media.movies.ffv1 import checksums_hold, has_checksums
from unfade.media.movies.heartbeat import heartbeat
from unfade.media.movies.index import IndexMismatchError, MovieIndex, packets_from, read_index
from unfade.media.movies.weaving import match_fields

if TYPE_CHECKING:
    from unfade.film.clip import FieldOrder

Numbered = Iterator[tuple[int, av.VideoFrame]]


@dataclass(frozen=True)
class MovieHeader:
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


@dataclass(frozen=True)
class MovieRead:
    """How the frames of a movie are read.

    `width` and `height` are those of the stored raster. `fields` says how frames become
    progressive: "progressive" leaves them as stored. `weave` are letters of `Cadence`, of which the
    first belongs to frame `weave_start`. `runs` are key frames, each with the frames, ascending,
    that are decoded from there on; 0 is the start of the movie. Other key frames need the `index`.
    """

    width: int
    height: int
    fields: FieldOrder
    weave: str
    weave_start: int
    runs: Sequence[tuple[int, list[int]]]
    index: MovieIndex | None


def header_and_frames(path: str) -> Iterator[MovieHeader | DecodedFrame]:
    """The header of a movie, then its frames as stored, without the planes after the first: luma is
    enough to survey it.

    Raises:
        MediaError: the movie is missing or damaged.
    """
    with open_movie(path) as movie:
        _check_complete(movie)
        stream = movie.stream
        yield MovieHeader(
            rate=stream.guessed_rate,
            pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
            codec=stream.codec_context.name,
            is_intra_only=stream.codec_context.codec.intra_only,
            field_order=int(stream.codec_context.field_order),
            timecode=_timecode(movie),
            estimated_count=_estimated_count(stream),
            index=read_index(path),
            time_base=stream.time_base,
            moving_streams=movie.moving_streams,
        )
        for frame in map(DecodedFrame.of, _decode(movie)):
            yield frame._replace(planes=frame.planes[:1])


def wanted_frames(path: str, read: MovieRead) -> Iterator[tuple[int, str, DecodedFrame]]:
    """The wanted frames of a movie: number, name of the codec, and the frame.

    If a seek fails, the remaining frames are decoded from the start of the movie.

    Raises:
        MediaError: the movie is damaged, ends early, or changes its frame size.
    """
    pending = deque(number for _, wanted in read.runs for number in wanted)
    with suppress(IndexMismatchError):
        for start, wanted in read.runs:
            for one in _read_run(path, read, start, wanted):
                pending.popleft()
                yield one
    if pending:
        yield from _read_run(path, read, 0, list(pending))


def packet_index(path: str) -> Iterator[MovieIndex | None]:
    """The index of a movie, as the only item."""
    yield read_index(path)


def check_size(path: str, number: int, size: tuple[int, int], expected: tuple[int, int]) -> None:
    """
    Raises:
        MediaError: the frame has another size than the ones before.
    """
    if size != expected:
        raise MediaError(
            f"{path}: frame {number} is {size[0]} x {size[1]} pixels, the ones before "
            f"are {expected[0]} x {expected[1]}; cut the movie there"
        )


def _read_run(
    path: str, read: MovieRead, start: int, wanted: list[int]
) -> Iterator[tuple[int, str, DecodedFrame]]:
    """Wanted frames from key frame `start` on, of a movie that is opened for them."""
    with open_movie(path) as movie:
        codec = movie.stream.codec_context.name
        stored = _frames_from_key(movie, read.index, start) if start else enumerate(_decode(movie))
        numbered = _progressive(read, _with_checked_size(path, read, stored))
        for number, frame in _wanted_of(path, numbered, wanted):
            yield number, codec, DecodedFrame.of(frame)


def _decode(movie: Movie) -> Iterator[av.VideoFrame]:
    """The frames of a movie in presentation order.

    Raises:
        MediaError: a packet or a frame is damaged.
    """
    return _decoded(movie, movie.container.demux(movie.stream), 0)


def _decoded(
    movie: Movie, packets: Iterable[Any], first: int, start_pts: int | None = None
) -> Iterator[av.VideoFrame]:
    """The frames of packets, of which the first belongs to frame `first`. Frames before the time
    `start_pts` are left out, because they depend on frames that were not decoded.

    Raises:
        MediaError: a packet or a frame is damaged.
    """
    is_checked = movie.stream.codec_context.name == "ffv1" and has_checksums(movie.path)
    remaining = iter(packets)
    frame_number = first
    for packet_number in count(first):
        heartbeat(frame_number)
        try:
            packet = next(remaining, None)
            if packet is None:
                return
            if is_checked and packet.size and not checksums_hold(bytes(packet)):
                raise _damaged(movie.path, packet_number, "a checksum is wrong")
            frames = packet.decode()
        except MemoryError:
            raise
        except av.error.FFmpegError as error:
            raise _damaged(movie.path, frame_number, str(error.strerror)) from error
        for frame in frames:
            if start_pts is not None and frame.pts is not None and frame.pts < start_pts:
                continue
            if frame.is_corrupt:
                raise _damaged(movie.path, frame_number, "its data are corrupt")
            yield frame
            frame_number += 1


def _deinterlace(numbered: Numbered, order: FieldOrder) -> Numbered:
    """Frames whose second field is interpolated by bwdif from the first field and the
    neighbours."""
    graph: av.filter.Graph | None = None
    waiting: deque[int] = deque()
    parity = {"top": "tff", "bottom": "bff"}[order]
    for number, frame in numbered:
        if graph is None:
            graph = _filter_graph(frame, "bwdif", f"mode=send_frame:parity={parity}:deint=all")
        waiting.append(number)
        graph.vpush(frame)
        for filtered in _pull(graph):
            yield waiting.popleft(), filtered
    if graph is not None:
        graph.vpush(None)
        for filtered in _pull(graph):
            yield waiting.popleft(), filtered


def _filter_graph(frame: av.VideoFrame, name: str, arguments: str | None) -> av.filter.Graph:
    """A graph of one filter for frames of the size and format of `frame`."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    graph.link_nodes(source, graph.add(name, arguments), graph.add("buffersink")).configure()
    return graph


def _pull(graph: av.filter.Graph) -> Iterator[av.VideoFrame]:
    """The frames that a graph has ready."""
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame


def _wanted_of(path: str, numbered: Numbered, wanted: list[int]) -> Numbered:
    """The wanted frames, ascending; a number that is wanted twice comes twice.

    Raises:
        MediaError: the movie ends before one of them.
    """
    pending = deque(wanted)
    for number, frame in numbered:
        while pending and pending[0] == number:
            yield pending.popleft(), frame
        if not pending:
            return
    raise MediaError(
        f"{path}: ends before frame {pending[0]}; restore the file, or ingest it again"
    )


def _progressive(read: MovieRead, numbered: Numbered) -> Numbered:
    """Frames that each show a single instant."""
    if read.weave:
        return match_fields(numbered, read.weave, read.weave_start)
    if read.fields in ("top", "bottom"):
        return _deinterlace(numbered, read.fields)
    return numbered


def _frames_from_key(movie: Movie, index: MovieIndex | None, start: int) -> Numbered:
    """Frames from key frame `start` on, with their numbers.

    Raises:
        IndexMismatchError: the decoded frames are not those of the index.
    """
    assert index is not None
    packets = packets_from(movie, index, start)
    expected = start
    for frame in _decoded(movie, packets, start, start_pts=int(index.times[start])):
        if index.frame_at(frame.pts) != expected:
            raise IndexMismatchError
        yield expected, frame
        expected += 1


def _with_checked_size(path: str, read: MovieRead, numbered: Numbered) -> Numbered:
    for number, frame in numbered:
        check_size(path, number, (frame.width, frame.height), (read.width, read.height))
        yield number, frame


def _damaged(path: str, number: int, reason: str) -> MediaError:
    """The error for a damaged frame. Decoders buffer frames, so the number may be off by a few."""
    return MediaError(f"{path}: is damaged near frame {number} ({reason}); restore the file")


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
