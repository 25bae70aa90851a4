"""Movies in, by PyAV. Frames are numbered from 0 in the order in which they are shown."""

import functools
import os
from bisect import bisect_right
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import av
import av.error
import av.filter
import av.logging
from torch import Tensor

from unfade.errors import MediaError
from unfade.film.clip import Clip, FieldOrder
from unfade.film.project import WORKING_SPACE
from unfade.media.color_management import to_space
from unfade.media.fields import rewoven
from unfade.media.planes import frame_to_rgb

_SEEKABLE = ("mov,mp4", "matroska")
"""Containers, by the start of their names, that know where their key frames are."""

_CHECKED_CODEC = "ffv1"
"""It has checksums, and tells in its log alone when one is wrong. It is decoded without frame
threads, so that it tells while the damaged frame is asked for."""

_CUT_OFF = "File ended prematurely"
"""What the Matroska reader logs, and says in no other way."""

_SEEK_GAP = 100
"""Frames that are rather decoded and dropped than jumped over."""

_LEAD = 2
"""Frames before a wanted one that the deinterlacer has to see."""


@dataclass(frozen=True)
class Movie:
    """An open movie and the video stream in it that is read."""

    path: str
    container: Any
    stream: Any


@dataclass(frozen=True)
class MovieIndex:
    """When the frames of a movie are shown, in stream units, and which are key frames."""

    times: tuple[int, ...]
    keys: tuple[int, ...]

    def key_before(self, frame: int) -> int:
        """The last key frame at or before a frame; 0 where there is none."""
        place = bisect_right(self.keys, frame)
        return self.keys[place - 1] if place else 0


@contextmanager
def open_movie(path: str) -> Iterator[Movie]:
    """Opens a movie; what goes wrong inside is told as a `MediaError`.

    Raises:
        MediaError: it is missing, is no movie, has no pictures, or is damaged.
    """
    if not os.path.isfile(path):
        raise MediaError(f"{path}: is missing; restore the file or correct the path")
    try:
        with av.open(path) as container:
            stream: Any = container.streams.best("video")
            if stream is None:
                raise MediaError(f"{path}: has no pictures in it; name another file")
            stream.thread_type = "SLICE" if stream.codec_context.name == _CHECKED_CODEC else "AUTO"
            yield Movie(path, container, stream)
    except av.error.FFmpegError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); restore the file") from error


def decode(movie: Movie, start: int = 0) -> Iterator[av.VideoFrame]:
    """Frames from where the movie stands, frame `start`, in the order in which they are shown.

    Raises:
        MediaError: one is damaged.
    """
    frames = movie.container.decode(movie.stream)
    number = start
    while True:
        try:
            with _complaints() as complaints:
                frame = next(frames, None)
        except av.error.FFmpegError as error:
            raise _damaged(movie.path, number, str(error.strerror)) from error
        if complaint := _told_damage(complaints):
            raise _damaged(movie.path, number, complaint)
        if frame is None:
            return
        if frame.is_corrupt:
            raise _damaged(movie.path, number, "its data are corrupt")
        yield frame
        number += 1


def read_movie(clip: Clip, frames: list[int]) -> Generator[tuple[int, Tensor], None, None]:
    """The frames of a movie, ascending, each (3, H, W) in the working space.

    Raises:
        MediaError: the movie is damaged, ends early, or changes its size.
    """
    for start, wanted in _runs(clip, frames):
        with open_movie(clip.path) as movie:
            yield from _read_run(clip, movie, start, wanted)


def deinterlace(
    numbered: Iterable[tuple[int, av.VideoFrame]], order: FieldOrder
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames with their second field replaced by bwdif from the first and the neighbours."""
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
    """A graph of one filter for frames like this one."""
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


@contextmanager
def _complaints() -> Iterator[list[tuple[int, str, str]]]:
    """What FFmpeg logs as errors inside: level, who, message."""
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture(local=False) as complaints:
            yield complaints
    finally:
        av.logging.set_level(None)


def _told_damage(complaints: list[tuple[int, str, str]]) -> str | None:
    """The first complaint that tells of damage which nothing else tells of."""
    for _, who, message in complaints:
        if who == _CHECKED_CODEC or message.startswith(_CUT_OFF):
            return message.strip()
    return None


def _read_run(
    clip: Clip, movie: Movie, start: int, wanted: list[int]
) -> Iterator[tuple[int, Tensor]]:
    pending = deque(wanted)
    numbered = _numbered(movie, start, _index(clip.path) if start else None)
    for number, frame in _whole(clip, _same_size(clip, numbered)):
        while pending and pending[0] == number:
            rgb = frame_to_rgb(frame, clip.video, movie.stream.codec_context.name)
            yield pending.popleft(), to_space(rgb, clip.colorspace, WORKING_SPACE)
        if not pending:
            return
    raise MediaError(
        f"{clip.path}: ends before frame {pending[0]}; restore the file, or ingest it again"
    )


def _whole(
    clip: Clip, numbered: Iterator[tuple[int, av.VideoFrame]]
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames of one instant each."""
    if clip.fields == "film" and clip.cadence is not None:
        return rewoven(numbered, clip.cadence.weave, clip.frames.first)
    if clip.fields in ("top", "bottom"):
        return deinterlace(numbered, clip.fields)
    return numbered


def _numbered(
    movie: Movie, start: int, index: MovieIndex | None
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames from key frame `start` on, with their numbers."""
    if index is None:
        yield from enumerate(decode(movie))
        return
    movie.container.seek(index.times[start], stream=movie.stream, backward=True)
    number_of: dict[int | None, int] = {time: number for number, time in enumerate(index.times)}
    for frame in decode(movie, start):
        number = number_of.get(frame.pts)
        if number is None:
            raise MediaError(
                f"{movie.path}: shows a frame at {frame.time} s that its index does not have; "
                "copy the movie into a new container"
            )
        if number >= start:
            yield number, frame


def _same_size(
    clip: Clip, numbered: Iterable[tuple[int, av.VideoFrame]]
) -> Iterator[tuple[int, av.VideoFrame]]:
    for number, frame in numbered:
        if (frame.width, frame.height) != (clip.width, clip.height):
            raise MediaError(
                f"{clip.path}: frame {number} is {frame.width} x {frame.height} pixels, the ones "
                f"before are {clip.width} x {clip.height}; cut the movie there"
            )
        yield number, frame


def _runs(clip: Clip, frames: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Wanted frames in groups, each with the key frame from which it is best decoded."""
    position = 0
    starts: list[tuple[int, list[int]]] = []
    for frame in frames:
        start = 0
        if frame - position > _SEEK_GAP:
            index = _index(clip.path)
            start = index.key_before(frame - _LEAD) if index else 0
        if not starts or start > position:
            starts.append((start, []))
        starts[-1][1].append(frame)
        position = frame
    yield from starts


def _index(path: str) -> MovieIndex | None:
    status = os.stat(path)
    return _read_index(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=8)
def _read_index(path: str, _changed: int, _size: int) -> MovieIndex | None:
    """The index of a movie, none where the container has no exact one."""
    with open_movie(path) as movie:
        if not movie.container.format.name.startswith(_SEEKABLE):
            return None
        packets = [
            (packet.pts, packet.is_keyframe)
            for packet in movie.container.demux(movie.stream)
            if packet.size and not packet.is_discard
        ]
    if not packets or any(time is None for time, _ in packets):
        return None
    first = packets[0][0]
    shown = sorted(entry for entry in packets if entry[0] >= first)
    times = tuple(time for time, _ in shown)
    if len(set(times)) != len(times):
        return None
    return MovieIndex(times, tuple(number for number, (_, key) in enumerate(shown) if key))


def _damaged(path: str, number: int, reason: str) -> MediaError:
    """Decoders run ahead, so the number may be a few frames late."""
    return MediaError(f"{path}: is damaged near frame {number} ({reason}); restore the file")
