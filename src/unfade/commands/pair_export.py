"""Frames of the scan as pictures to paint on, and what such a picture is when it comes back."""

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
OVERLAY = "live-area.png"

_BITS = 16
_SHADE = (0.5, 0.0, 0.5, 0.5)
"""Of what is outside the live area: magenta, half transparent; multiplied by alpha."""
_UNPAINTED = 1.5 / 255
"""Largest difference of any value to the scan's, up to which nothing has been painted: a code of 8
bits, as a program that has no more saves it."""


def write_frames(job: Job, frames: Sequence[int], folder: Path) -> list[Path]:
    """Writes frames of the scan as 16-bit PNG of the whole raster, tagged with their colour space.

    Where the live area is not the whole, a picture of its outside is written beside them, to be
    laid over as a layer: it is never burned in.

    Raises:
        ProjectError: a picture is there already, because somebody may have painted on it.
    """
    source = job.clips().source
    wanted = sorted(set(frames))
    places = {frame: folder / f"{frame:06d}.png" for frame in wanted}
    for place in places.values():
        if place.exists():
            raise ProjectError(
                f"{place}: exists already, and may have been painted on; move it away, or choose "
                "another folder with --out"
            )
    make_folder(folder)
    for frame, picture in media.read(source, wanted, job.colors):
        media.write_png(places[frame], picture, bits=_BITS, with_profile=True)
    written = list(places.values())
    if not _is_whole(source):
        media.write_png(folder / OVERLAY, _outside(source))
        written.append(folder / OVERLAY)
    return written


def describe_placement(job: Job, frame: int, picture: str, colorspace: str | None) -> str:
    """How a picture will be laid on a frame of the scan, in words.

    `colorspace` is that of the picture, none to take what its file says.

    Raises:
        MediaError: it cannot be read.
        ProjectError: it is the frame as it was exported.
    """
    pixels = media.read_picture(job.resolve(picture), colorspace, colors=job.colors)
    source = job.clips().source
    size = pixels.shape[-1], pixels.shape[-2]
    if size == (source.width, source.height):
        faded = media.read_frame(source, frame, job.colors).clamp(0.0, 1.0)
        if float((pixels - faded).abs().max()) < _UNPAINTED:
            raise ProjectError(
                f"{picture}: is frame {frame} as the scan has it; paint it first, and save it there"
            )
        return "it has the scan's raster"
    if size == (source.live_area.width, source.live_area.height):
        return "it has the size of the scan's live area"
    return f"it is {size[0]} x {size[1]} pixels, so that its place on the scan is searched"


def _is_whole(clip: Clip) -> bool:
    return (clip.live_area.width, clip.live_area.height) == (clip.width, clip.height)


def _outside(clip: Clip) -> Tensor:
    """(4, H, W): shade where the scan has no picture, transparent where it has."""
    overlay = torch.tensor(_SHADE).reshape(4, 1, 1).repeat(1, clip.height, clip.width)
    area = clip.live_area
    overlay[:, area.y : area.y + area.height, area.x : area.x + area.width] = 0
    return overlay
