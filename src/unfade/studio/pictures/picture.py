"""A picture of the viewer: half floats, and what they show."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from unfade.film.clip import Area
from unfade.work.cores import core_count

if TYPE_CHECKING:
    from torch import Tensor

Halves = NDArray[np.float16]
"""Half floats (H, W, C)."""

PictureKind = Literal[
    "source", "reference", "lut", "recovered", "difference", "error", "checkpoint"
]
"""What a picture shows of a frame. "difference" and "error" are maps of one value a pixel, in
CIEDE2000; all others are colours in ACES2065-1. "checkpoint" is recovered by the newest checkpoint
of the training under way."""

KINDS: tuple[PictureKind, ...] = get_args(PictureKind)

KIND_TITLES: dict[PictureKind, str] = {
    "source": "Source",
    "reference": "Reference",
    "lut": "LUT baseline",
    "recovered": "Recovered",
    "difference": "Difference",
    "error": "Predicted error",
    "checkpoint": "Newest checkpoint",
}
"""The names of kinds on the page, in the order of their keys."""

AVERAGED_LINES = 32
"""Lines of a smaller picture that are computed at a time: their pixels stay in the core's cache."""


@dataclass(frozen=True)
class ViewerPicture:
    """A frame as one kind of picture.

    `planes` are (H, W, 3) half floats of ACES2065-1, or (H, W, 1) of a map. `area` is the part of
    the source's raster that they cover; they may have another size. `what` says what they are and
    `file` the name of the file they were read from; None if they were computed. `beyond` counts the
    values out of the range of half floats. `is_whole` is false if pixels were averaged.
    """

    planes: Halves
    area: Area
    what: str
    file: str | None = None
    beyond: int = 0
    is_whole: bool = True

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.planes.shape[:2]
        return width, height

    def fitted(self, width: int | None) -> "ViewerPicture":
        """The picture at most `width` pixels wide, its pixels area-averaged in scene light; itself
        if it is no wider."""
        own_width, own_height = self.size
        if width is None or width >= own_width:
            return self
        height = max(1, round(own_height * width / own_width))
        return replace(self, planes=averaged(self.planes, width, height), is_whole=False)


def averaged(planes: Halves, width: int, height: int) -> Halves:
    """Area averages of a picture, in float32; parts of some lines side by side, where a line of the
    result covers whole lines of the picture."""
    own_height, channels = planes.shape[0], planes.shape[2]
    small = np.empty((height, width, channels), np.float16)
    count = AVERAGED_LINES if own_height % height == 0 else height

    def average(top: int) -> None:
        bottom = min(top + count, height)
        lines = slice(top * own_height // height, bottom * own_height // height)
        part = planes[lines].astype(np.float32)
        means = cv2.resize(part, (width, bottom - top), interpolation=cv2.INTER_AREA)
        small[top:bottom] = means.reshape(bottom - top, width, channels)

    with ThreadPoolExecutor(core_count()) as pool:
        list(pool.map(average, range(0, height, count)))
    return small


def averaged_planes(planes: "Tensor", width: int, height: int) -> "Tensor":
    """Area averages of planes (C, H, W)."""
    import torch

    small = [
        cv2.resize(one.numpy(), (width, height), interpolation=cv2.INTER_AREA) for one in planes
    ]
    return torch.from_numpy(np.stack(small))
