"""Detects movies that end before their own structure does, which FFmpeg's demuxers only log.

Only the stated sizes of a container's parts are checked. Frame counts and durations are not,
because edit lists, kept timestamps and null frames make them differ from the frames shown.

Sources: RFC 8794 and RFC 9559 (EBML, Matroska), ISO/IEC 14496-12 (MP4), OpenDML AVI 1.02.
"""

import functools
import os
import re
from collections.abc import Callable

ReadAt = Callable[[int], bytes]
"""Function that reads the first `_HEAD_BYTES` bytes at an offset of the file."""

_HEAD_BYTES = 16
"""Bytes read of each part: enough for the longest identifier and size of all three formats."""

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
"""Matroska identifiers of the two elements that contain the pictures."""
_MAX_ID_BYTES, _MAX_SIZE_BYTES = 4, 8
"""Longest identifier and size of a Matroska element, in bytes."""

_BOX_HEAD_BYTES = 8
"""Size and type of an MP4 box, in bytes."""
_REQUIRED_BOXES = (b"mdat", b"moov", b"moof")
"""Boxes that hold pictures or their index; others may be cut off without loss."""

_LIST_HEAD_BYTES = 12
"""Identifier, size and type of a RIFF or LIST chunk of AVI, in bytes."""
_CHUNK_ID = re.compile(rb"[0-9A-Za-z_ ]{4}")
"""Characters of a chunk identifier. Damaged bytes rarely match, and the test also finds the next
chunk where a writer has left out the padding byte after an odd length."""
_UNKNOWN_LIST_SIZES = (0, 0xFFFFFFFF)
"""List sizes that an interrupted AVI writer leaves behind; the real size is unknown."""


def cut_off_at(path: str, container: str) -> int | None:
    """Byte offset of the first part that is damaged or reaches beyond the end of the file.

    Args:
        path: the movie.
        container: FFmpeg's name of the format, such as ``"matroska,webm"``.

    Returns:
        None if the structure is complete, and for containers that state no sizes.
    """
    finder = next((finder for name, finder in _FINDERS.items() if container.startswith(name)), None)
    if finder is None:
        return None
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return finder(functools.partial(_read, descriptor), os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def _read(descriptor: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, _HEAD_BYTES)


def _fault_in_matroska(read: ReadAt, size: int) -> int | None:
    """Walks through all elements of the segment and of its clusters."""
    offset, end = 0, size
    while offset < end:
        head = read(offset)
        id_bytes = _ebml_number_bytes(head[:1], _MAX_ID_BYTES)
        size_bytes = _ebml_number_bytes(head[id_bytes : id_bytes + 1], _MAX_SIZE_BYTES)
        body = offset + id_bytes + size_bytes
        if not id_bytes or not size_bytes or body > end:
            return offset
        name = int.from_bytes(head[:id_bytes], "big")
        unknown_length = (1 << 7 * size_bytes) - 1
        length = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big") & unknown_length
        if length != unknown_length and body + length > end:
            return offset
        if name == _SEGMENT and length != unknown_length:
            end = body + length
        if name in (_SEGMENT, _CLUSTER):
            offset = body
        elif length == unknown_length:
            return None
        else:
            offset = body + length
    return None


def _ebml_number_bytes(first: bytes, max_bytes: int) -> int:
    """Length of an EBML number by its first byte; 0 if it is not one."""
    length = 9 - first[0].bit_length() if first else 0
    return length if length <= max_bytes else 0


def _fault_in_mp4(read: ReadAt, size: int) -> int | None:
    """Walks through the boxes of the file; bytes after the last one are padding."""
    offset = 0
    while offset + _BOX_HEAD_BYTES <= size:
        head = read(offset)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < _BOX_HEAD_BYTES:
            return None
        if offset + length > size:
            return offset if head[4:8] in _REQUIRED_BOXES else None
        offset += length
    return None


def _fault_in_avi(read: ReadAt, size: int) -> int | None:
    """Walks through the chunks of each RIFF and of its picture lists. These must be complete; the
    index after them need not be."""
    offset, pictures_end = 0, 0
    while offset + _LIST_HEAD_BYTES <= size:
        head = read(offset)
        if offset < pictures_end and not _CHUNK_ID.fullmatch(head[:4]):
            return offset
        length = int.from_bytes(head[4:8], "little")
        is_list = head[:4] == b"LIST" and head[8:12] in (b"movi", b"rec ")
        if is_list and length in _UNKNOWN_LIST_SIZES:
            return None
        if head[:4] != b"RIFF" and offset + 8 + length > size:
            return offset if is_list or offset < pictures_end else None
        if is_list:
            pictures_end = max(pictures_end, offset + 8 + length)
        if is_list or head[:4] == b"RIFF":
            offset += _LIST_HEAD_BYTES
            continue
        offset += 8 + length
        if length % 2 and not _CHUNK_ID.fullmatch(read(offset)[:4]):
            offset += 1
    return None


_FINDERS: dict[str, Callable[[ReadAt, int], int | None]] = {
    "matroska": _fault_in_matroska,
    "mov,mp4": _fault_in_mp4,
    "avi": _fault_in_avi,
}
"""Fault finders by the start of FFmpeg's name of the container."""
