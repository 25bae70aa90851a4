"""Reads frames of a clip as tensors in the working space."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from unfade.color.finite import all_finite
from unfade.errors import MediaError
from unfade.film.clip import Clip
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.orientation import upright
from unfade.media.color_management import to_space
from unfade.media.movies.decoder import Decoder
from unfade.media.movies.reader import read_movie
from unfade.media.stills.files import fault_in
from unfade.media.stills.reader import read_still
from unfade.media.stills.sequences import parse_pattern
from unfade.media.threads.read_ahead import MAX_FRAMES_AHEAD, prefetch
from unfade.project.color_config import PINNED, ColorManagement
from unfade.work.cores import parallel_map

if TYPE_CHECKING:
    from torch import Tensor

R = TypeVar("R")

_READ_THREADS = 2
"""Stills decoded at a time; each holds a frame in memory, so more threads trade memory for
speed."""


def read(
    clip: Clip, frames: Iterable[int], colors: ColorManagement = PINNED
) -> Iterator[tuple[int, Tensor]]:
    """Frames of a clip.

    Args:
        clip: as `probe` returns it.
        frames: frame numbers, ascending.
        colors: the config that has the clip's colour space.

    Yields:
        frame number and picture, (3, height, width) float32 in the working space: the whole raster,
        upright and progressive. A frame that ingest found damaged shows that of a good one.

    Raises:
        MediaError: a frame is outside the clip, or since ingest missing, damaged or of another
            size.
        ValueError: the numbers do not ascend.
    """
    numbers = list(frames)
    if any(later < earlier for earlier, later in pairwise(numbers)):
        raise ValueError("frame numbers must ascend")
    for frame in numbers[:1] + numbers[-1:]:
        check_frame(clip, frame)
    if clip.kind == "movie":
        decoder = Decoder(clip.path)
        pictures = read_movie(clip, numbers, colors, decoder)
        return prefetch(pictures, max_held=MAX_FRAMES_AHEAD, stop=decoder.close)
    return _read_ahead(numbers, lambda frame: _read_stored(clip, frame, colors))


def read_frame(clip: Clip, frame: int, colors: ColorManagement = PINNED) -> Tensor:
    """One frame of a clip, as `read` yields it."""
    if clip.kind == "movie":
        ((_, picture),) = read(clip, [frame], colors)
        return picture
    check_frame(clip, frame)
    return _read_stored(clip, frame, colors)


def read_or_fault(
    clip: Clip, frames: Iterable[int], colors: ColorManagement = PINNED
) -> Iterator[tuple[int, Tensor | str]]:
    """As `read`, but a frame of a sequence that cannot be used gives what is wrong with it.

    Raises:
        MediaError: a movie is damaged.
    """
    if clip.kind == "movie":
        return read(clip, frames, colors)
    return _read_ahead(frames, lambda frame: _picture_or_fault(clip, frame, colors))


def check_frame(clip: Clip, frame: int) -> None:
    """
    Raises:
        MediaError: the clip has no such frame.
    """
    if frame not in clip.frames:
        raise MediaError(
            f"{clip.path}: has the frames {clip.frames.first} to {clip.frames.last}, "
            f"not {frame}; choose one of these"
        )


def stored_path(clip: Clip, frame: int) -> str:
    """The file with the picture that a frame of a sequence shows, or the still."""
    pattern = parse_pattern(clip.path) if clip.kind == "sequence" else None
    return pattern.path(clip.shown_frame(frame)) if pattern else clip.path


def _read_ahead(frames: Iterable[int], read_one: Callable[[int], R]) -> Iterator[tuple[int, R]]:
    return parallel_map(
        lambda frame: (frame, read_one(frame)),
        frames,
        threads=_READ_THREADS,
        max_held=MAX_FRAMES_AHEAD,
    )


def _picture_or_fault(clip: Clip, frame: int, colors: ColorManagement) -> Tensor | str:
    known = clip.damage.fault_of(frame)
    if known is not None:
        return known
    try:
        return _read_stored(clip, frame, colors)
    except MediaError as error:
        return fault_in(error, stored_path(clip, frame))


def _read_stored(clip: Clip, frame: int, colors: ColorManagement) -> Tensor:
    path = stored_path(clip, frame)
    pixels = upright(read_still(path, clip.code_range), clip.orientation)
    height, width = pixels.shape[1:]
    if (width, height) != (clip.width, clip.height):
        raise MediaError(
            f"{path}: is {width} x {height} pixels instead of {clip.width} x {clip.height}; "
            "restore the file, or set 'first' and 'last'"
        )
    if not all_finite(pixels):
        raise MediaError(
            f"{path}: holds values that are not numbers or are infinite; convert or scan it again"
        )
    return to_space(pixels, clip.colorspace, WORKING_SPACE, colors)
