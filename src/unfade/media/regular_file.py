"""Checks that a path names a file that can be opened."""

import os
import stat

from unfade.errors import MediaError

_KINDS_OF_NON_FILES = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}
"""Kinds of paths that are not files, in words."""


def check_regular(path: str) -> None:
    """Checks that a path names a file, following links: opening a named pipe would block forever.

    Raises:
        MediaError: there is no such file, it has no bytes, or it is a folder, pipe, socket or
            device.
    """
    if not os.path.exists(path):
        raise MediaError(f"{path}: is missing; restore the file or correct the path")
    if not os.path.isfile(path):
        kind = next(
            (
                word
                for is_kind, word in _KINDS_OF_NON_FILES.items()
                if is_kind(os.stat(path).st_mode)
            ),
            "of another kind",
        )
        raise MediaError(f"{path}: is {kind}, not a file; put the file there, or correct the path")
    if not os.path.getsize(path):
        raise MediaError(f"{path}: is empty; restore the file")
