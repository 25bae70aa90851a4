"""Computes on the frames of a clip side by side, each frame on one core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from unfade.film.clip import Clip
from unfade.media.reading import read, read_frame
from unfade.project.color_config import PINNED, ColorManagement
from unfade.work.cores import core_count, on_all_cores, parallel_map

if TYPE_CHECKING:
    from torch import Tensor

R = TypeVar("R")

_WAITING_PICTURES = 1
"""Decoded pictures of a movie that wait for a core; each takes memory."""


def map_frames(
    function: Callable[[int, Tensor], R],
    clip: Clip,
    frames: Iterable[int],
    colors: ColorManagement = PINNED,
) -> Iterator[R]:
    """The results of a function for frames of a clip, in order.

    Each frame is computed in a thread on one core, side by side with others. Stills are read
    there, too; a movie is decoded in a thread of its own. Few frames and results are held at a
    time. Calls may end in another order.

    Args:
        function: gets the frame number and the picture, as `read` yields them.
        clip: as `probe` returns it.
        frames: frame numbers, ascending.
        colors: the config that has the clip's colour space.

    Raises:
        MediaError: a frame is missing or damaged; raised when its turn comes.
        Exception: the error of a call, when its turn comes.
    """
    cores = core_count()
    if clip.kind == "movie":
        pictures = read(clip, frames, colors)
        in_hand = cores + _WAITING_PICTURES
        return parallel_map(lambda one: function(*one), pictures, threads=cores, max_held=in_hand)
    # Numbers that wait take no memory, and a slow frame keeps no core waiting.
    return on_all_cores(lambda frame: function(frame, read_frame(clip, frame, colors)), frames)
