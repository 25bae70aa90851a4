"""Opens movies, with PyAV."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import av
import av.error
import av.logging
import av.stream

from unfade.errors import MediaError
from unfade.media.regular_file import check_regular

av.logging.set_level(None)
"""FFmpeg's threads must never call Python to log: such a thread waits for the interpreter lock, and
the thread that holds the lock may wait for it to end: a deadlock (PyAV 751, 2276)."""

_STILL_CODECS = ("mjpeg", "png", "bmp", "gif", "webp", "tiff")
"""Codecs of covers and posters, which may be stored beside a film as another video stream; if it is
the only stream, it may be the film."""


_MAX_PIXELS = 8192 * 8192
"""Pixels of the largest picture: a scan in 8K has 8192 x 6224. A damaged header may claim more,
which is refused before memory is taken."""


@dataclass(frozen=True)
class Movie:
    """An open movie and the video stream that is read. `moving_streams` is the number of video
    streams that are not covers."""

    path: str
    container: Any
    stream: Any
    moving_streams: int


@contextmanager
def open_movie(path: str) -> Iterator[Movie]:
    """Opens a movie. Errors of FFmpeg inside the block become `MediaError`.

    Raises:
        MediaError: the file is missing, is not a movie, has no video stream, or is damaged.
    """
    check_regular(path)
    try:
        with av.open(path, metadata_errors="replace") as container:
            moving = _moving(container)
            if not moving:
                raise MediaError(f"{path}: has no video stream; name another file")
            best = container.streams.best("video")
            stream: Any = best if best in moving else moving[0]
            _bound_size(path, stream)
            stream.thread_type = "AUTO"
            yield Movie(path, container, stream, len(moving))
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); restore the file") from error


def _bound_size(path: str, stream: Any) -> None:
    """Makes the decoder refuse larger pictures, as later frames may have.

    Raises:
        MediaError: the header claims larger pictures.
    """
    context = stream.codec_context
    context.options = {"max_pixels": str(_MAX_PIXELS)}
    if context.width * context.height > _MAX_PIXELS:
        raise MediaError(
            f"{path}: claims pictures of {context.width} x {context.height} pixels, and at most "
            f"{_MAX_PIXELS:,} pixels are read; restore the file, or scale it down"
        )


def _moving(container: Any) -> list[Any]:
    """The video streams that are not covers. Streams in still formats count only if there is no
    other."""
    cover = av.stream.Disposition.attached_pic
    streams = [one for one in container.streams.video if not one.disposition & cover]
    films = [one for one in streams if one.codec_context.name not in _STILL_CODECS]
    return films or streams
