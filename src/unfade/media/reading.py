"""Frames of a clip, whatever it is made of, as tensors in the working space."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import torch
from torch import Tensor

from unfade.errors import MediaError
from unfade.film.clip import Clip
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.orientation import upright
from unfade.media.color_management import to_space
from unfade.media.movies.reader import read_movie
from unfade.media.stills.reader import read_still
from unfade.media.stills.sequences import parse_pattern
from unfade.media.threads.read_ahead import MAX_FRAMES_AHEAD, parallel_map, prefetch
from unfade.project.color_config import PINNED, ColorManagement

_THREADS = 2


def read(
    clip: Clip, frames: Iterable[int], colors: ColorManagement = PINNED
) -> Iterator[tuple[int, Tensor]]:
    """Frames of a clip.

    Args:
        clip: what `probe` found.
        frames: their numbers, ascending.
        colors: the config that knows the name of the clip's colour space.

    Yields:
        each number with its picture: (3, height, width) float32 in the working space,
        deinterlaced, upright, the whole raster.

    Raises:
        MediaError: a frame is outside the clip, missing, damaged or of another size.
        ValueError: the numbers do not ascend.
    """
    wanted = list(frames)
    if any(later < earlier for earlier, later in pairwise(wanted)):
        raise ValueError("frames must be asked for in ascending order")
    for frame in wanted[:1] + wanted[-1:]:
        if frame not in clip.frames:
            raise MediaError(
                f"{clip.path}: has the frames {clip.frames.first} to {clip.frames.last}, "
                f"not {frame}; ask for one of these"
            )
    if clip.kind == "movie":
        return prefetch(read_movie(clip, wanted, colors), max_held=MAX_FRAMES_AHEAD, name=clip.path)
    return _read_ahead(clip, wanted, colors)


def read_frame(clip: Clip, frame: int, colors: ColorManagement = PINNED) -> Tensor:
    """One frame of a clip, as `read` gives it."""
    return next(picture for _, picture in read(clip, [frame], colors))


def _read_ahead(
    clip: Clip, frames: list[int], colors: ColorManagement
) -> Iterator[tuple[int, Tensor]]:
    return parallel_map(
        lambda frame: (frame, _read_stored(clip, frame, colors)),
        frames,
        threads=_THREADS,
        max_held=MAX_FRAMES_AHEAD,
    )


def _read_stored(clip: Clip, frame: int, colors: ColorManagement) -> Tensor:
    pattern = parse_pattern(clip.path) if clip.kind == "sequence" else None
    path = pattern.path(frame) if pattern else clip.path
    pixels = upright(read_still(path, clip.code_range), clip.orientation)
    height, width = pixels.shape[1:]
    if (width, height) != (clip.width, clip.height):
        raise MediaError(
            f"{path}: frame {frame} is {width} x {height} pixels, the first frame of the sequence "
            f"is {clip.width} x {clip.height}; restore the file, or set 'first' and 'last'"
        )
    if not torch.isfinite(pixels).all():
        raise MediaError(
            f"{path}: frame {frame} holds values that are not numbers or are infinite; "
            "convert or scan it again"
        )
    return to_space(pixels, clip.colorspace, WORKING_SPACE, colors)
