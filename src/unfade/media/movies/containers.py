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
from unfade.media.stills.files import check_regular

av.logging.set_level(None)
"""FFmpeg's threads must never call Python to log: such a thread waits for the interpreter lock, and
the thread that holds the lock may wait for it to end: a deadlock (PyAV 751, 2276)."""

MAX_FRAME_PIXELS = 2**27
"""Pixels of a frame of a movie that is read: those of 16,384 x 8,192. Several are held at a time,
and a compressed movie of a few kilobytes can claim any size."""

_STILL_CODECS = ("mjpeg", "png", "bmp", "gif", "webp", "tiff")
"""Codecs of covers and posters, which may be stored beside a film as another video stream; if it is
the only stream, it may be the film."""


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
            _bound_size(path, stream.codec_context)
            stream.thread_type = "AUTO"
            yield Movie(path, container, stream, len(moving))
    except av.error.FFmpegError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); restore the file") from error


def _bound_size(path: str, codec: Any) -> None:
    """Makes the decoder refuse frames that are larger than any film.

    Raises:
        MediaError: the header claims such frames.
    """
    if codec.width * codec.height > MAX_FRAME_PIXELS:
        raise MediaError(
            f"{path}: its header claims {codec.width:,} x {codec.height:,} pixels, more than the "
            f"{MAX_FRAME_PIXELS:,} that Unfade reads; restore the file, or scale it down"
        )
    codec.options = {"max_pixels": str(MAX_FRAME_PIXELS)}


def _moving(container: Any) -> list[Any]:
    """The video streams that are not covers. Streams in still formats count only if there is no
    other."""
    cover = av.stream.Disposition.attached_pic
    known = [one for one in container.streams.video if one.codec_context is not None]
    streams = [one for one in known if not one.disposition & cover]
    films = [one for one in streams if one.codec_context.name not in _STILL_CODECS]
    return films or streams
