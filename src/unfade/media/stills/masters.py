"""Writes masters in the format that film.toml sets, and reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unfade.errors import MediaError
from unfade.film.working_space import WORKING_SPACE
from unfade.media.stills.files import without_remedy
from unfade.media.stills.process_history import Step
from unfade.media.stills.reader import read_picture
from unfade.media.stills.tags import FrameTags
from unfade.media.stills.writers import write_dpx, write_exr, write_tiff
from unfade.project.color_config import ColorManagement
from unfade.project.settings import RenderSection

if TYPE_CHECKING:
    from torch import Tensor


def write_master(
    path: Path,
    pixels: Tensor,
    settings: RenderSection,
    entries: Mapping[str, str | int],
    tags: FrameTags,
    colors: ColorManagement,
    history: Sequence[Step] = (),
) -> int:
    """Writes one master.

    Args:
        path: the file, with the suffix of the format.
        pixels: (3, H, W) in the working space.
        settings: format, bits, colour space and compression.
        entries: of the header; TIFF and DPX store only ``"Software"``.
        tags: of the frame.
        colors: the config that has the colour space.
        history: how the picture came to be, which only DPX stores.

    Returns:
        Number of values that were clipped to the range of the format; 0 for EXR, which refuses
        them.

    Raises:
        MediaError: a value is not a number or beyond the range of half floats, or the file cannot
            be written.
        ProjectError: there is no such colour space, or a strict container needs another.
    """
    if settings.format == "exr":
        write_exr(
            path,
            pixels,
            colorspace=settings.colorspace,
            colors=colors,
            compression=settings.compression,
            dwa_level=settings.dwa_level,
            strict=settings.strict,
            metadata=entries,
            tags=tags,
        )
        return 0
    software = str(entries.get("Software", ""))
    return _write_integers(path, pixels, settings, software, tags, colors, history)


def read_master(path: Path) -> Tensor:
    """The values of a master's file, (3, H, W), in its own colour space.

    Raises:
        MediaError: it is missing, damaged, or may not be read.
    """
    try:
        return read_picture(str(path), WORKING_SPACE)
    except MediaError as error:
        raise MediaError(
            f"{without_remedy(error)}; give yourself permission to read it, or run "
            "'unfade render' again"
        ) from error


def _write_integers(
    path: Path,
    pixels: Tensor,
    settings: RenderSection,
    software: str,
    tags: FrameTags,
    colors: ColorManagement,
    history: Sequence[Step],
) -> int:
    if settings.format == "dpx":
        return write_dpx(
            path,
            pixels,
            bits=settings.bits,
            colorspace=settings.colorspace,
            colors=colors,
            software=software,
            history=history,
            tags=tags,
        )
    return write_tiff(
        path,
        pixels,
        colorspace=settings.colorspace,
        colors=colors,
        compression=settings.compression,
        software=software,
        tags=tags,
    )
