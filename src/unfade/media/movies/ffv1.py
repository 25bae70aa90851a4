"""The checksums that FFV1 carries, which FFmpeg's decoder reports in its log alone.

A packet of version 3 and later is a row of slices; each ends in a footer with its size and, where
the encoder was asked for it, a CRC that makes the remainder of the whole slice a known one.

Source: RFC 9043, "FFV1 Video Coding Format Versions 0, 1, and 3", section 4.9.
"""

import functools
import os
import zlib
from itertools import islice

from unfade.media.movies.containers import open_movie

_PACKETS_TRIED = 25
"""Packets, a second of film, among which one is whole in any movie worth reading."""

_SIZE_BYTES = 3
_CHECKED_FOOTER_BYTES = 8
"""Size (3), error status (1) and CRC parity (4)."""

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Bytes with their bits in the other order: zlib's CRC takes the lowest bit first, FFV1's the
highest."""

_CRC_INVERSION = 0xFFFFFFFF
"""What zlib inverts before and after; FFV1 does not."""

_REMAINDERS = (0x00000000, 0x5E31029E)
"""CRC before and after a slice, bits reversed: 0 up to version 3; FFmpeg's version 4 starts with
0x79408C7A and ends with it."""


def has_checksums(path: str) -> bool:
    """Whether an FFV1 stream has checksums: those of one of its first packets hold.

    Raises:
        MediaError: the movie cannot be opened.
    """
    status = os.stat(path)
    return _has_checksums(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=8)
def _has_checksums(path: str, _changed: int, _size: int) -> bool:
    with open_movie(path) as movie:
        packets = islice(movie.container.demux(movie.stream), _PACKETS_TRIED)
        return any(checksums_hold(bytes(packet)) for packet in packets)


def checksums_hold(packet: bytes) -> bool:
    """Whether a packet is a row of slices with checksums that all hold.

    Args:
        packet: of an FFV1 stream; one without checksums gives False.
    """
    view = memoryview(packet)
    end = len(view)
    while end > 0:
        footer = view[max(0, end - _CHECKED_FOOTER_BYTES) : end]
        size = int.from_bytes(footer[:_SIZE_BYTES], "big") + _CHECKED_FOOTER_BYTES
        if len(footer) < _CHECKED_FOOTER_BYTES or size > end or not _holds(view[end - size : end]):
            return False
        end -= size
    return len(view) > 0


def _holds(slice_bytes: memoryview) -> bool:
    reversed_bits = bytes(slice_bytes).translate(_REVERSED)
    return any(
        zlib.crc32(reversed_bits, start ^ _CRC_INVERSION) ^ _CRC_INVERSION == start
        for start in _REMAINDERS
    )
