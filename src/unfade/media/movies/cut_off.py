"""Movies that end before their own structure does, which FFmpeg's demuxers report in the log alone.

Only the sizes that a container states of its parts are followed. No count of frames and no
duration is believed: edit lists, kept timestamps and null frames make these differ from what is
shown.

Sources: RFC 8794 and RFC 9559 (EBML, Matroska), ISO/IEC 14496-12 (MP4), OpenDML AVI 1.02.
"""

import functools
import os
import re
from collections.abc import Callable

Read = Callable[[int], bytes]
"""The first bytes at a place of the file."""

_HEAD_BYTES = 16
"""Of a part: enough for the longest identifier and size of any of the three formats."""

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_MOST_ID_BYTES, _MOST_SIZE_BYTES = 4, 8
"""Of an element of Matroska."""

_BOX_HEAD_BYTES = 8
_NEEDED_BOXES = (b"mdat", b"moov", b"moof")

_LIST_HEAD_BYTES = 12
_CHUNK_NAME = re.compile(rb"[0-9A-Za-z_ ]{4}")
"""What no damage is likely to leave. Some writers leave out the byte that makes chunks even."""
_UNFINISHED = (0, 0xFFFFFFFF)
"""List sizes that an interrupted AVI writer leaves; the true size is unknown."""


def cut_off_at(path: str, container: str) -> int | None:
    """The byte at which a part of a movie starts that is damaged or reaches beyond the file's end.

    Args:
        path: of the movie.
        container: FFmpeg's name of its format, such as ``"matroska,webm"``.

    Returns:
        None where the structure is whole, and for containers that state no sizes.
    """
    find = next((find for name, find in _FINDERS.items() if container.startswith(name)), None)
    if find is None:
        return None
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return find(functools.partial(_read, descriptor), os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def _read(descriptor: int, place: int) -> bytes:
    os.lseek(descriptor, place, os.SEEK_SET)
    return os.read(descriptor, _HEAD_BYTES)


def _fault_in_matroska(read: Read, size: int) -> int | None:
    """Walks through every element of the segment and of its clusters."""
    place, end = 0, size
    while place < end:
        head = read(place)
        id_bytes = _number_bytes(head[:1], _MOST_ID_BYTES)
        size_bytes = _number_bytes(head[id_bytes : id_bytes + 1], _MOST_SIZE_BYTES)
        start = place + id_bytes + size_bytes
        if not id_bytes or not size_bytes or start > end:
            return place
        name = int.from_bytes(head[:id_bytes], "big")
        not_stated = (1 << 7 * size_bytes) - 1
        length = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big") & not_stated
        if length != not_stated and start + length > end:
            return place
        if name == _SEGMENT and length != not_stated:
            end = start + length
        if name in (_SEGMENT, _CLUSTER):
            place = start
        elif length == not_stated:
            return None
        else:
            place = start + length
    return None


def _number_bytes(first: bytes, most: int) -> int:
    """The length of an EBML number by its first byte; 0 where it is none."""
    length = 9 - first[0].bit_length() if first else 0
    return length if length <= most else 0


def _fault_in_mp4(read: Read, size: int) -> int | None:
    """Walks through the boxes of the file; what follows the last one is padding."""
    place = 0
    while place + _BOX_HEAD_BYTES <= size:
        head = read(place)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < _BOX_HEAD_BYTES:
            return None
        if place + length > size:
            return place if head[4:8] in _NEEDED_BOXES else None
        place += length
    return None


def _fault_in_avi(read: Read, size: int) -> int | None:
    """Walks through the chunks of each RIFF and of its lists of pictures, which have to be whole;
    the index after them need not be."""
    place, pictures_end = 0, 0
    while place + _LIST_HEAD_BYTES <= size:
        head = read(place)
        if place < pictures_end and not _CHUNK_NAME.fullmatch(head[:4]):
            return place
        length = int.from_bytes(head[4:8], "little")
        is_list = head[:4] == b"LIST" and head[8:12] in (b"movi", b"rec ")
        if is_list and length in _UNFINISHED:
            return None
        if head[:4] != b"RIFF" and place + 8 + length > size:
            return place if is_list or place < pictures_end else None
        if is_list:
            pictures_end = max(pictures_end, place + 8 + length)
        if is_list or head[:4] == b"RIFF":
            place += _LIST_HEAD_BYTES
            continue
        place += 8 + length
        if length % 2 and not _CHUNK_NAME.fullmatch(read(place)[:4]):
            place += 1
    return None


_FINDERS: dict[str, Callable[[Read, int], int | None]] = {
    "matroska": _fault_in_matroska,
    "mov,mp4": _fault_in_mp4,
    "avi": _fault_in_avi,
}
