"""Where the frames of a movie are, so that one of them can be read without all before it.

Containers are asked for nothing but packets: after a jump every packet is recognised by its size
and checksum, given the time that it had when the whole movie was gone through, and followed from
there. A frame is then the one of that time, whatever the container says after a jump, or it is not
read this way at all.
"""

import functools
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from unfade.media.movies.containers import Movie, open_movie
from unfade.media.threads.read_ahead import alive

_BY_BYTE = ("mpeg", "mpegts", "mpegvideo")
"""Containers without an index, in which one jumps to a place of the file."""
_LEAD_IN = 64
"""Packets after a jump in which the wanted one has to come: what follows an earlier key frame."""
_TRIES = 3
"""Key frames, one before the other, that are jumped to before it is given up."""


class LostError(Exception):
    """After a jump, the packets are not those of the index."""


_PACKET = np.dtype(
    [("time", "i8"), ("place", "i8"), ("is_key", "?"), ("size", "i4"), ("sum", "u4")]
)
"""Time shown, in stream units; place in the file, -1 for none; whether decoding can start there;
size in bytes and CRC-32, by which it is recognised."""


@dataclass(frozen=True)
class MovieIndex:
    """The packets of a movie in the order of the file, and the times of its frames as shown.

    `keys` are the numbers of frames at which decoding can start, ascending, `key_packets` those of
    their packets.
    """

    packets: np.ndarray
    times: np.ndarray
    keys: np.ndarray
    key_packets: np.ndarray

    def key_before(self, frame: int) -> int:
        """The last key frame at or before a frame; 0 where there is none."""
        place = int(np.searchsorted(self.keys, frame, side="right"))
        return int(self.keys[place - 1]) if place else 0

    def number_at(self, time: int | None) -> int | None:
        """The number of the frame of a time, none where there is none."""
        if time is None:
            return None
        number = int(np.searchsorted(self.times, time))
        return number if number < len(self.times) and self.times[number] == time else None


def movie_index(path: str) -> MovieIndex | None:
    """The index of a movie, none where its packets do not all have a time of their own."""
    status = os.stat(path)
    return _read_index(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=8)
def _read_index(path: str, _changed: int, _size: int) -> MovieIndex | None:
    found = []
    with open_movie(path) as movie:
        for packet in movie.container.demux(movie.stream):
            alive()
            if packet.size and not packet.is_discard:
                place = -1 if packet.pos is None else packet.pos
                found.append((packet.pts, place, packet.is_keyframe, *_mark(packet)))
    if not found or any(time is None for time, *_ in found):
        return None
    packets = np.array(found, _PACKET)
    times = np.sort(packets["time"][packets["time"] >= packets["time"][0]])
    if (np.diff(times) == 0).any():
        return None
    key_packets = np.flatnonzero(packets["is_key"] & (packets["time"] >= times[0]))
    keys = np.searchsorted(times, packets["time"][key_packets])
    order = np.argsort(keys)
    return MovieIndex(packets, times, keys[order], key_packets[order])


def packets_from(movie: Movie, index: MovieIndex, frame: int) -> Iterator[Any]:
    """The packets of a movie from that of a key frame on, with the times of the index; last the
    empty one that lets go of what the decoder holds.

    Raises:
        LostError: the packets are not those of the index.
    """
    place = int(np.searchsorted(index.keys, frame))
    wanted = int(index.key_packets[place])
    for key in index.key_packets[max(0, place + 1 - _TRIES) : place + 1][::-1]:
        _jump(movie, index.packets[key])
        coming = movie.container.demux(movie.stream)
        for packet in islice(coming, _LEAD_IN + wanted - key):
            if packet.size and _is(packet, index.packets[wanted]):
                yield from _followed(packet, coming, index, wanted)
                return
    raise LostError


def _followed(first: Any, coming: Iterator[Any], index: MovieIndex, place: int) -> Iterator[Any]:
    """A packet and those that come after it, as long as they are those of the index."""
    packet = first
    while packet.size:
        if not packet.is_discard:
            if place == len(index.packets) or not _is(packet, index.packets[place]):
                raise LostError
            packet.pts = int(index.packets["time"][place])
            place += 1
        yield packet
        packet = next(coming)
    if place != len(index.packets):
        raise LostError
    yield packet


def _jump(movie: Movie, packet: np.void) -> None:
    if movie.container.format.name in _BY_BYTE and packet["place"] >= 0:
        movie.container.seek(int(packet["place"]), unsupported_byte_offset=True)
    else:
        movie.container.seek(int(packet["time"]), stream=movie.stream, backward=True)


def _is(packet: Any, known: np.void) -> bool:
    """Whether a packet is one of the index."""
    return _mark(packet) == (known["size"], known["sum"])


def _mark(packet: Any) -> tuple[int, int]:
    return packet.size, zlib.crc32(packet)
