"""Writes masters in the format that film.toml sets."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from unfade.media.stills.tags import FrameTags
from unfade.media.stills.writers import write_dpx, write_exr, write_tiff
from unfade.project.color_config import ColorManagement
from unfade.project.settings import RenderSection


def write_master(
    path: Path,
    pixels: Tensor,
    settings: RenderSection,
    entries: Mapping[str, str | int],
    tags: FrameTags,
    colors: ColorManagement,
) -> int:
    """Writes one master.

    Args:
        path: the file, with the suffix of the format.
        pixels: (3, H, W) in the working space.
        settings: format, bits, colour space and compression.
        entries: of the header; TIFF and DPX have a place for ``"Software"`` alone.
        tags: of the frame.
        colors: the config that knows the name of the colour space.

    Returns:
        How many values the format could not hold and were cut; none in EXR, which refuses them.

    Raises:
        MediaError: a value is not a number or beyond half floats, or it cannot be written.
        ProjectError: there is no such colour space, or it is not that of a strict container.
    """
    space, software = settings.colorspace, str(entries.get("Software", ""))
    if settings.format == "dpx":
        return write_dpx(
            path,
            pixels,
            bits=settings.bits,
            colorspace=space,
            colors=colors,
            software=software,
            tags=tags,
        )
    if settings.format == "tiff":
        return write_tiff(
            path,
            pixels,
            colorspace=space,
            colors=colors,
            compression=settings.compression,
            software=software,
            tags=tags,
        )
    write_exr(
        path,
        pixels,
        colorspace=space,
        colors=colors,
        compression=settings.compression,
        dwa_level=settings.dwa_level,
        strict=settings.strict,
        metadata=entries,
        tags=tags,
    )
    return 0
