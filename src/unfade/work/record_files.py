"""Reads the text of records: files of JSON that another program or person may have written."""

import stat
from pathlib import Path

MAX_RECORD_BYTES = 256 * 2**20
"""Size, in bytes, of a record that is read: three times the matches of a film of 24 hours. Values
take up to ten times as much memory as their text."""


def read_record(path: Path) -> str:
    """The text of a record.

    Raises:
        OSError: it is missing, or cannot be read.
        ValueError: it is a pipe or a device, which could be read for ever; it is too large; or it
            is no text in UTF-8.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is no regular file")
    with path.open("rb") as file:
        content = file.read(MAX_RECORD_BYTES + 1)
    if len(content) > MAX_RECORD_BYTES:
        raise ValueError(f"has more than {MAX_RECORD_BYTES:,} bytes")
    return content.decode("utf-8")


def read_if_usable(path: Path) -> str:
    """The text of a record; empty if it is missing or cannot be used."""
    try:
        return read_record(path)
    except (OSError, ValueError):
        return ""
