"""Writes frames of the scan as pictures to paint on."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from unfade import media
from unfade.errors import ProjectError
from unfade.film.clip import Clip
from unfade.work.job import Job
from unfade.work.writing import make_folder

PAINT_FOLDER = "paint"
"""The folder, beside film.toml, of the pictures."""
OVERLAY = "live-area.png"
"""The file that shades the outside of the live area."""

_PNG_BITS = 16
"""Bits a sample, so that smooth areas do not band when they are graded."""
_SHADE_RGBA = (0.5, 0.0, 0.5, 0.5)
"""Colour outside the live area: half-transparent magenta, premultiplied."""


def write_frames(job: Job, frames: Sequence[int], folder: Path) -> list[Path]:
    """Writes frames of the scan as 16-bit PNG of the whole raster, tagged with their colour space.

    If the live area is smaller than the raster, an overlay that shades its outside is written as a
    file of its own, never into the pictures.

    Returns:
        The paths of the pictures, and of the overlay if there is one.

    Raises:
        ProjectError: a picture exists already, and somebody may have painted on it.
    """
    source = job.clips().source
    numbers = sorted(set(frames))
    paths = {frame: folder / f"{frame:06d}.png" for frame in numbers}
    for path in paths.values():
        if path.exists():
            raise ProjectError(
                f"{path}: exists already, and may have been painted on; move it away, or choose "
                "another folder with --out"
            )
    make_folder(folder)
    for frame, picture in media.read(source, numbers, job.colors):
        media.write_png(paths[frame], picture, bits=_PNG_BITS, with_profile=True)
    written = list(paths.values())
    if not _live_area_is_whole(source):
        media.write_png(folder / OVERLAY, _overlay(source))
        written.append(folder / OVERLAY)
    return written


def _live_area_is_whole(clip: Clip) -> bool:
    return (clip.live_area.width, clip.live_area.height) == (clip.width, clip.height)


def _overlay(clip: Clip) -> Tensor:
    """(4, H, W): shaded outside the live area, transparent inside."""
    overlay = torch.tensor(_SHADE_RGBA).reshape(4, 1, 1).repeat(1, clip.height, clip.width)
    area = clip.live_area
    overlay[:, area.y : area.y + area.height, area.x : area.x + area.width] = 0
    return overlay
