"""An index of a movie's packets, for random access to frames.

A seek may land on another packet than the container states, or give wrong times. Therefore each
packet after a seek is identified by its size and checksum, and gets its time from the index. If the
packets do not match the index, the seek fails.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

import numpy as np

from unfade.media.movies.containers import Movie, open_movie
from unfade.media.movies.heartbeat import heartbeat

_BYTE_SEEK_FORMATS = ("mpeg", "mpegts", "mpegvideo")
"""Containers without an index, in which a seek goes to a byte offset of the file."""
_MAX_LEAD_IN_PACKETS = 64
"""Number of packets after a seek within which the wanted one must come; a seek may land on an
earlier key frame."""
_MAX_SEEK_TRIES = 3
"""Number of key frames that are tried, each earlier than the one before, until the seek fails."""


class IndexMismatchError(Exception):
    """The packets after a seek are not those of the index."""


_PACKET = np.dtype(
    [("time", "i8"), ("position", "i8"), ("is_key", "?"), ("size", "i4"), ("sum", "u4")]
)
"""Presentation time in stream units; byte offset in the file, -1 if unknown; whether decoding can
start here; size in bytes and CRC-32, which identify the packet."""


@dataclass(frozen=True)
class MovieIndex:
    """The packets of a movie in file order, and the times of its frames in presentation order.

    `keys` are the numbers of frames at which decoding can start, ascending; `key_packets` are the
    numbers of their packets.
    """

    packets: np.ndarray
    times: np.ndarray
    keys: np.ndarray
    key_packets: np.ndarray

    def copy(self) -> "MovieIndex":
        """The same index in memory of its own."""
        return MovieIndex(*(getattr(self, field.name).copy() for field in fields(self)))

    def key_before(self, frame: int) -> int:
        """The last key frame at or before a frame; 0 if there is none."""
        position = int(np.searchsorted(self.keys, frame, side="right"))
        return int(self.keys[position - 1]) if position else 0

    def frame_at(self, time: int | None) -> int | None:
        """The number of the frame with this presentation time, None if there is none."""
        if time is None:
            return None
        number = int(np.searchsorted(self.times, time))
        return number if number < len(self.times) and self.times[number] == time else None


def read_index(path: str) -> MovieIndex | None:
    """The index of a movie, None if its packets do not all have distinct times."""
    rows = []
    with open_movie(path) as movie:
        for packet in movie.container.demux(movie.stream):
            heartbeat()
            if packet.size and not packet.is_discard:
                position = -1 if packet.pos is None else packet.pos
                rows.append((packet.pts, position, packet.is_keyframe, *_fingerprint(packet)))
    if not rows or any(time is None for time, *_ in rows):
        return None
    packets = np.array(rows, _PACKET)
    times = np.sort(packets["time"][packets["time"] >= packets["time"][0]])
    if (np.diff(times) == 0).any():
        return None
    key_packets = np.flatnonzero(packets["is_key"] & (packets["time"] >= times[0]))
    keys = np.searchsorted(times, packets["time"][key_packets])
    order = np.argsort(keys)
    return MovieIndex(packets, times, keys[order], key_packets[order])


def packets_from(movie: Movie, index: MovieIndex, frame: int) -> Iterator[Any]:
    """The packets of a movie from a key frame on, with the times of the index. The last one is the
    empty packet that flushes the decoder.

    Raises:
        IndexMismatchError: the packets are not those of the index.
    """
    position = int(np.searchsorted(index.keys, frame))
    wanted = int(index.key_packets[position])
    for key in index.key_packets[max(0, position + 1 - _MAX_SEEK_TRIES) : position + 1][::-1]:
        _seek(movie, index.packets[key])
        following = movie.container.demux(movie.stream)
        for packet in islice(following, _MAX_LEAD_IN_PACKETS + wanted - key):
            if packet.size and _matches(packet, index.packets[wanted]):
                yield from _following(packet, following, index, wanted)
                return
    raise IndexMismatchError


def _following(
    first: Any, following: Iterator[Any], index: MovieIndex, position: int
) -> Iterator[Any]:
    """A packet and those that follow it, as long as they match the index."""
    packet = first
    while packet.size:
        if not packet.is_discard:
            if position == len(index.packets) or not _matches(packet, index.packets[position]):
                raise IndexMismatchError
            packet.pts = int(index.packets["time"][position])
            position += 1
        yield packet
        packet = next(following)
    if position != len(index.packets):
        raise IndexMismatchError
    yield packet


def _seek(movie: Movie, packet: np.void) -> None:
    if movie.container.format.name in _BYTE_SEEK_FORMATS and packet["position"] >= 0:
        movie.container.seek(int(packet["position"]), unsupported_byte_offset=True)
    else:
        movie.container.seek(int(packet["time"]), stream=movie.stream, backward=True)


def _matches(packet: Any, known: np.void) -> bool:
    """Whether a packet is the one that the index describes."""
    return _fingerprint(packet) == (known["size"], known["sum"])


def _fingerprint(packet: Any) -> tuple[int, int]:
    return packet.size, zlib.crc32(packet)
