"""Computes on the frames of a clip side by side, each frame on one core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from unfade.film.clip import Clip
from unfade.media.reading import read, read_frame
from unfade.media.threads.read_ahead import parallel_map
from unfade.project.color_config import PINNED, ColorManagement

if TYPE_CHECKING:
    from torch import Tensor

R = TypeVar("R")

_WAITING_FRAMES = 1
"""Frames in hand beyond one a core, so that no core waits for the next."""


def map_frames(
    function: Callable[[int, Tensor], R],
    clip: Clip,
    frames: Iterable[int],
    colors: ColorManagement = PINNED,
) -> Iterator[R]:
    """The results of a function for frames of a clip, in order.

    Each frame is computed in a thread on one core, side by side with others. Stills are read
    there, too; a movie is decoded in a thread of its own. Memory grows with the number of cores but
    not with that of frames.

    Args:
        function: gets the frame number and the picture, as `read` yields them.
        clip: as `probe` returns it.
        frames: frame numbers, ascending.
        colors: the config that has the clip's colour space.

    Raises:
        MediaError: a frame is missing or damaged; raised when its turn comes.
        Exception: the error of a call, when its turn comes.
    """
    import torch

    cores = torch.get_num_threads()
    in_hand = cores + _WAITING_FRAMES
    if clip.kind == "movie":
        return parallel_map(
            lambda one: function(*one), read(clip, frames, colors), threads=cores, max_held=in_hand
        )
    return parallel_map(
        lambda frame: function(frame, read_frame(clip, frame, colors)),
        frames,
        threads=cores,
        max_held=in_hand,
    )
