"""Pictures as half floats of scene light, ACES2065-1, in which masters are stored and viewers show
them. Half floats of a file in that space are passed on as they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PyOpenColorIO as ocio
from numpy.typing import NDArray

from unfade.film.clip import Clip
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.orientation import upright
from unfade.media.color_management import (
    is_aces,
    is_scene_referred,
    processor_between,
    to_space,
)
from unfade.media.reading import check_frame, read_frame, stored_path
from unfade.media.stills.files import has_rgb_channels, open_still
from unfade.media.stills.reader import read_picture, read_still
from unfade.project.color_config import ColorManagement
from unfade.work.cores import core_count

if TYPE_CHECKING:
    from torch import Tensor

SCENE_SPACE = "lin_ap0"
"""Alias of ACES2065-1 in the ACES configs."""

_INFINITE_BITS = np.uint16(0x7C00)
"""Bits of infinity in a half float, without its sign."""

_MAGNITUDE_BITS = np.uint16(0x7FFF)
"""All bits of a half float but its sign."""


@dataclass(frozen=True)
class SceneLight:
    """A picture in ACES2065-1: (H, W, 3) half floats. `beyond` counts the values that are infinite,
    because they are out of the range of half floats."""

    halves: NDArray[np.float16]
    beyond: int = 0


def scene_frame(clip: Clip, frame: int, colors: ColorManagement) -> SceneLight:
    """A frame of a clip in scene light, the whole raster, upright.

    Raises:
        MediaError: the frame is outside the clip, missing or damaged.
    """
    if clip.kind == "movie" or not _is_converted_directly(clip.colorspace, colors):
        return scene_light(read_frame(clip, frame, colors), WORKING_SPACE, colors)
    check_frame(clip, frame)
    path = stored_path(clip, frame)
    if is_aces(clip.colorspace, colors) and clip.orientation == 1:
        halves = _stored_halves(path)
        if halves is not None and halves.shape[:2] == (clip.height, clip.width):
            return SceneLight(halves, _count_infinite(halves))
    pixels = upright(read_still(path, clip.code_range), clip.orientation)
    return scene_light(pixels, clip.colorspace, colors)


def scene_still(path: Path, colorspace: str, colors: ColorManagement) -> SceneLight:
    """A still of a known colour space in scene light, such as a master.

    Raises:
        MediaError: the file is missing or damaged.
    """
    if is_aces(colorspace, colors):
        halves = _stored_halves(str(path))
        if halves is not None:
            return SceneLight(halves, _count_infinite(halves))
    if _is_converted_directly(colorspace, colors):
        return scene_light(read_still(str(path)), colorspace, colors)
    return scene_light(read_picture(path, colorspace, colors=colors), WORKING_SPACE, colors)


def scene_light(pixels: Tensor, colorspace: str, colors: ColorManagement) -> SceneLight:
    """Pixels (3, H, W) of a colour space in scene light; strips of lines side by side, because the
    conversion takes most of the time."""
    planes = np.ascontiguousarray(pixels.numpy(), np.float32)
    count, height, width = planes.shape
    assert count == 3
    halves = np.empty((height, width, 3), np.float16)
    processor = processor_between(colorspace, SCENE_SPACE, colors).getOptimizedCPUProcessor(
        ocio.BIT_DEPTH_F32, ocio.BIT_DEPTH_F16, ocio.OPTIMIZATION_LOSSLESS
    )

    def convert(lines: slice) -> int:
        here = halves[lines]
        source = ocio.PlanarImageDesc(*planes[:, lines], width, len(here))
        target = ocio.PackedImageDesc(
            here, width, len(here), 3, ocio.BIT_DEPTH_F16, 2, 2 * 3, 2 * 3 * width
        )
        processor.apply(source, target)
        return _count_infinite(here)

    cores = core_count()
    edges = [height * k // cores for k in range(cores + 1)]
    strips = [slice(*ends) for ends in pairwise(edges)]
    with ThreadPoolExecutor(cores) as pool:
        return SceneLight(halves, sum(pool.map(convert, strips)))


def display_light(scene: SceneLight, colors: ColorManagement) -> Tensor:
    """Scene light as pixels (3, H, W) of the working space."""
    import torch

    pixels = torch.from_numpy(scene.halves).permute(2, 0, 1).float()
    return to_space(pixels, SCENE_SPACE, WORKING_SPACE, colors)


def _is_converted_directly(colorspace: str, colors: ColorManagement) -> bool:
    """Whether the space goes to scene light as in a master, without the working space between: a
    display space gets there through the inverse of the film's view."""
    return colors.view is None or is_scene_referred(colorspace, colors)


def _stored_halves(path: str) -> NDArray[np.float16] | None:
    """The half floats of an RGB picture in OpenEXR as stored; None for any other file.

    Raises:
        MediaError: the file is missing or damaged.
    """
    with open_still(path) as still:
        spec = still.spec
        window = (spec.x, spec.y, spec.width, spec.height)
        is_whole = window == (spec.full_x, spec.full_y, spec.full_width, spec.full_height)
        names = still.channels
        if str(spec.format) != "half" or names[:3] != ["R", "G", "B"] or not is_whole:
            return None
        assert has_rgb_channels(names)
        return np.ascontiguousarray(still.read_halves()[..., :3])


def _count_infinite(halves: NDArray[np.float16]) -> int:
    bits = halves.view(np.uint16) & _MAGNITUDE_BITS
    return int(np.count_nonzero(bits == _INFINITE_BITS))
