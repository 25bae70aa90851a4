"""Checks the checksums of FFV1 streams, because FFmpeg's decoder only logs a wrong one.

A packet of version 3 or later is a sequence of slices. Each slice ends in a footer with its size
and, if the encoder was set to write one, a CRC parity that gives the CRC of the whole slice a fixed
value.

Source: RFC 9043, "FFV1 Video Coding Format Versions 0, 1, and 3", section 4.9.
"""

import functools
import os
import zlib
from itertools import islice

from unfade.media.movies.containers import open_movie

_MAX_PACKETS_TRIED = 25
"""Number of packets, one second of film, of which at least one is undamaged in any usable movie."""

_SIZE_BYTES = 3
"""Length of the size field at the start of a slice footer, in bytes."""
_CHECKED_FOOTER_BYTES = 8
"""Length of a footer with checksum, in bytes: size (3), error status (1) and CRC parity (4)."""

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in reverse order: zlib's CRC starts with the lowest bit, FFV1's with the
highest."""

_CRC_INVERSION = 0xFFFFFFFF
"""Mask with which zlib inverts the CRC before and after; FFV1 does not."""

_REMAINDERS = (0x00000000, 0x5E31029E)
"""CRC before and after a slice, bits reversed: 0 up to version 3; FFmpeg's version 4 starts and
ends with 0x79408C7A."""


def has_checksums(path: str) -> bool:
    """Whether an FFV1 stream has checksums: whether those of one of its first packets are right.

    Raises:
        MediaError: the movie cannot be opened.
    """
    status = os.stat(path)
    return _has_checksums(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=8)
def _has_checksums(path: str, _changed: int, _size: int) -> bool:
    with open_movie(path) as movie:
        packets = islice(movie.container.demux(movie.stream), _MAX_PACKETS_TRIED)
        return any(checksums_hold(bytes(packet)) for packet in packets)


def checksums_hold(packet: bytes) -> bool:
    """Whether a packet consists of slices whose checksums are all right.

    Args:
        packet: of an FFV1 stream; the result for one without checksums is False.
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
