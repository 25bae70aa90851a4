"""Movies opened, by PyAV."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import av
import av.error
import av.logging

from unfade.errors import MediaError

av.logging.set_level(None)
"""FFmpeg's threads must never call Python to log: one that waits for the interpreter lock while
another thread, which holds the lock, waits for it to end is a deadlock (PyAV 751, 2276)."""


@dataclass(frozen=True)
class Movie:
    """An open movie and the video stream in it that is read."""

    path: str
    container: Any
    stream: Any


@contextmanager
def open_movie(path: str) -> Iterator[Movie]:
    """Opens a movie; what goes wrong inside is told as a `MediaError`.

    Raises:
        MediaError: it is missing, is no movie, has no pictures, or is damaged.
    """
    if not os.path.isfile(path):
        raise MediaError(f"{path}: is missing; restore the file or correct the path")
    try:
        with av.open(path, metadata_errors="replace") as container:
            stream: Any = container.streams.best("video")
            if stream is None:
                raise MediaError(f"{path}: has no pictures in it; name another file")
            stream.thread_type = "AUTO"
            yield Movie(path, container, stream)
    except av.error.FFmpegError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); restore the file") from error
