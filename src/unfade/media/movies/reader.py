"""Reads movies, with PyAV. Frames are numbered from 0 in presentation order."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import av
import av.error
import av.filter

from unfade.errors import MediaError
from unfade.film.clip import Clip, FieldOrder
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.orientation import swaps_axes, upright
from unfade.media.color_management import to_space
from unfade.media.movies.containers import Movie, open_movie
from unfade.media.movies.ffv1 import checksums_hold, has_checksums
from unfade.media.movies.fields import match_fields
from unfade.media.movies.index import IndexMismatchError, movie_index, packets_from
from unfade.media.movies.planes import frame_to_rgb, stored_samples
from unfade.media.threads.read_ahead import heartbeat
from unfade.project.color_config import ColorManagement

if TYPE_CHECKING:
    from torch import Tensor

Read = TypeVar("Read")

_MAX_DECODED_GAP_FRAMES = 12
"""Longest gap between wanted frames that is decoded and dropped; a seek reopens the movie, which
costs about as much."""

_DEINTERLACE_LEAD_FRAMES = 2
"""Frames that the deinterlacer needs before a wanted one."""


def decode(movie: Movie) -> Iterator[av.VideoFrame]:
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
        heartbeat()
        try:
            packet = next(remaining, None)
            if packet is None:
                return
            if is_checked and packet.size and not checksums_hold(bytes(packet)):
                raise _damaged(movie.path, packet_number, "a checksum is wrong")
            frames = packet.decode()
        except av.error.FFmpegError as error:
            raise _damaged(movie.path, frame_number, str(error.strerror)) from error
        for frame in frames:
            if start_pts is not None and frame.pts is not None and frame.pts < start_pts:
                continue
            if frame.is_corrupt:
                raise _damaged(movie.path, frame_number, "its data are corrupt")
            yield frame
            frame_number += 1


def read_movie(
    clip: Clip, frames: list[int], colors: ColorManagement
) -> Generator[tuple[int, Tensor], None, None]:
    """Frames of a movie, ascending, each (3, H, W) in the working space.

    If a seek fails, the remaining frames are decoded from the start of the movie.

    Raises:
        MediaError: the movie is damaged, ends early, or changes its frame size.
    """
    yield from _read_runs(clip, frames, partial(_read_run, clip, colors))


def checksums_of_movie(clip: Clip, frames: list[int]) -> dict[int, str]:
    """SHA-256 of frames of a movie, ascending, by number: of the samples as decoded, before
    deinterlacing, plane after plane without padding, as FFmpeg's framehash takes it.

    Raises:
        MediaError: the movie is damaged, ends early, or changes its frame size.
    """
    return dict(_read_runs(clip, frames, partial(_checksums_of_run, clip)))


def _read_runs(
    clip: Clip, frames: list[int], read_run: Callable[[Movie, int, list[int]], Iterator[Read]]
) -> Iterator[Read]:
    """What `read_run` gives for the wanted frames, ascending, of a movie that is opened at a frame
    for each group of them."""
    pending = deque(frames)
    with suppress(IndexMismatchError):
        for start, wanted in _decode_runs(clip, frames):
            with open_movie(clip.path) as movie:
                for one in read_run(movie, start, wanted):
                    pending.popleft()
                    yield one
    if pending:
        with open_movie(clip.path) as movie:
            yield from read_run(movie, 0, list(pending))


def deinterlace(
    numbered: Iterable[tuple[int, av.VideoFrame]], order: FieldOrder
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames whose second field is interpolated by bwdif from the first field and the
    neighbours."""
    graph: av.filter.Graph | None = None
    waiting: deque[int] = deque()
    parity = {"top": "tff", "bottom": "bff"}[order]
    for number, frame in numbered:
        if graph is None:
            graph = filter_graph(frame, "bwdif", f"mode=send_frame:parity={parity}:deint=all")
        waiting.append(number)
        graph.vpush(frame)
        for filtered in pull(graph):
            yield waiting.popleft(), filtered
    if graph is not None:
        graph.vpush(None)
        for filtered in pull(graph):
            yield waiting.popleft(), filtered


def filter_graph(frame: av.VideoFrame, name: str, arguments: str | None) -> av.filter.Graph:
    """A graph of one filter for frames of the size and format of `frame`."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    graph.link_nodes(source, graph.add(name, arguments), graph.add("buffersink")).configure()
    return graph


def pull(graph: av.filter.Graph) -> Iterator[av.VideoFrame]:
    """The frames that a graph has ready."""
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame


def _read_run(
    clip: Clip, colors: ColorManagement, movie: Movie, start: int, wanted: list[int]
) -> Iterator[tuple[int, Tensor]]:
    numbered = _progressive(clip, _stored_frames(clip, movie, start))
    for number, frame in _wanted_of(clip, numbered, wanted):
        codec = movie.stream.codec_context.name
        rgb = frame_to_rgb(frame, clip.video, codec, clip.code_range)
        upright_rgb = upright(rgb, clip.orientation)
        yield number, to_space(upright_rgb, clip.colorspace, WORKING_SPACE, colors)


def _checksums_of_run(
    clip: Clip, movie: Movie, start: int, wanted: list[int]
) -> Iterator[tuple[int, str]]:
    for number, frame in _wanted_of(clip, _stored_frames(clip, movie, start), wanted):
        sha256 = hashlib.sha256()
        for samples in stored_samples(frame):
            sha256.update(samples)
        yield number, sha256.hexdigest()


def _stored_frames(clip: Clip, movie: Movie, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """The frames as stored, from key frame `start` on, with their numbers."""
    numbered = _frames_from_key(movie, start) if start else enumerate(decode(movie))
    return _with_checked_size(clip, numbered)


def _wanted_of(
    clip: Clip, numbered: Iterable[tuple[int, av.VideoFrame]], wanted: list[int]
) -> Iterator[tuple[int, av.VideoFrame]]:
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
        f"{clip.path}: ends before frame {pending[0]}; restore the file, or ingest it again"
    )


def _progressive(
    clip: Clip, numbered: Iterator[tuple[int, av.VideoFrame]]
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames that each show a single instant."""
    if clip.fields == "film" and clip.cadence is not None:
        return match_fields(numbered, clip.cadence.weave, clip.frames.first)
    if clip.fields in ("top", "bottom"):
        return deinterlace(numbered, clip.fields)
    return numbered


def _frames_from_key(movie: Movie, start: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames from key frame `start` on, with their numbers.

    Raises:
        IndexMismatchError: the decoded frames are not those of the index.
    """
    index = movie_index(movie.path)
    if index is None:
        raise IndexMismatchError
    packets = packets_from(movie, index, start)
    expected = start
    for frame in _decoded(movie, packets, start, start_pts=int(index.times[start])):
        if index.frame_at(frame.pts) != expected:
            raise IndexMismatchError
        yield expected, frame
        expected += 1


def _with_checked_size(
    clip: Clip, numbered: Iterable[tuple[int, av.VideoFrame]]
) -> Iterator[tuple[int, av.VideoFrame]]:
    swapped = swaps_axes(clip.orientation)
    width, height = (clip.height, clip.width) if swapped else (clip.width, clip.height)
    for number, frame in numbered:
        check_size(clip.path, number, frame, width, height)
        yield number, frame


def check_size(path: str, number: int, frame: av.VideoFrame, width: int, height: int) -> None:
    """
    Raises:
        MediaError: the frame has another size than the ones before.
    """
    if (frame.width, frame.height) != (width, height):
        raise MediaError(
            f"{path}: frame {number} is {frame.width} x {frame.height} pixels, the ones before "
            f"are {width} x {height}; cut the movie there"
        )


def _decode_runs(clip: Clip, frames: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Wanted frames in groups, each with the key frame from which it is decoded."""
    previous = 0
    runs: list[tuple[int, list[int]]] = []
    for frame in frames:
        start = 0
        if clip.random_access and frame - previous > _MAX_DECODED_GAP_FRAMES:
            index = movie_index(clip.path)
            start = index.key_before(frame - _DEINTERLACE_LEAD_FRAMES) if index else 0
        if not runs or start > previous + _MAX_DECODED_GAP_FRAMES:
            runs.append((start, []))
        runs[-1][1].append(frame)
        previous = frame
    yield from runs


def _damaged(path: str, number: int, reason: str) -> MediaError:
    """The error for a damaged frame. Decoders buffer frames, so the number may be off by a few."""
    return MediaError(f"{path}: is damaged near frame {number} ({reason}); restore the file")
