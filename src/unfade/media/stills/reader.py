"""Reads stills, with OpenImageIO: EXR, DPX, Cineon, TIFF, PNG, JPEG, JPEG 2000 and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import OpenImageIO as oiio

from unfade.errors import MediaError, MissingFactError
from unfade.film.clip import CodeRange
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.orientation import upright
from unfade.media.color_management import check_colorspace, is_colorspace, to_space
from unfade.media.stills.color_tags import ColorTag, color_tag_of
from unfade.media.stills.facts import orientation_of, pixel_aspect_of, rate_of, text_of
from unfade.media.stills.files import OpenStill, open_still
from unfade.media.stills.timecode import timecode_of
from unfade.project.color_config import PINNED, ColorManagement

if TYPE_CHECKING:
    from torch import Tensor

_SUFFIXES = ".exr .dpx .cin .tif .tiff .png .jpg .jpeg .bmp .tga .jp2 .j2k .j2c"
STILL_SUFFIXES = frozenset(_SUFFIXES.split())
"""Suffixes of files that are read as stills; all others are read as movies."""

_AP0_CHROMATICITIES = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
"""x and y of red, green, blue and white in SMPTE ST 2065-1."""

_ADX_HINT = ", 'ADX10' or 'ADX16' if its scanner follows ACES"
_DENSITY_HINTS = {
    "Printing density": _ADX_HINT,
    "Logarithmic": _ADX_HINT,
    "ADX": ", 'ADX10' or 'ADX16'",
}
"""Transfers of film density, and hints for their colour space."""


@dataclass(frozen=True)
class StillHeader:
    """Header of a still.

    `colorspace` is None if the file names none, or if the OpenColorIO config has no space for
    `color_tag`. `transfer` is the transfer of a DPX file, empty if unspecified. `rate` and
    `timecode` are None if the file has none. `ignored` are the channels that are not read. `bits`
    are those of an integer sample, 0 for floats. `width`, `height` and `pixel_aspect` are of the
    stored raster; `orientation` is as in `Clip`. `range_remark` is set if the header names a range
    that is not possible.
    """

    width: int
    height: int
    pixel_aspect: Fraction
    orientation: int
    rate: Fraction | None
    colorspace: str | None
    color_tag: str | None
    transfer: str
    format: str
    timecode: str | None
    ignored: tuple[str, ...]
    is_grey: bool
    bits: int
    code_range: CodeRange
    range_remark: str | None


def read_header(path: str, colors: ColorManagement = PINNED) -> StillHeader:
    """The header of a still.

    Raises:
        MediaError: the file is missing, or is not a picture.
    """
    with open_still(path) as still:
        return _header(still, colors)


def read_picture(
    path: str | Path, colorspace: str | None = None, *, colors: ColorManagement = PINNED
) -> Tensor:
    """A still in the working space, upright.

    Grey is copied to all three channels; an alpha channel is ignored.

    Args:
        path: the file.
        colorspace: OpenColorIO name of its space; None for the space that the file names, or the
            working space if an untagged file has integer samples.
        colors: the config that has the colour spaces.

    Returns:
        (3, H, W) float32, the display window.

    Raises:
        MediaError: the file is missing or damaged, or its colour space is unknown.
        ProjectError: there is no such colour space.
    """
    path = str(path)
    with open_still(path) as still:
        header = _header(still, colors)
        if colorspace is None or colorspace == "auto":
            colorspace = named_colorspace(path, header)
        picture = upright(_pixels(still, header.code_range), header.orientation)
    return to_space(picture, colorspace, WORKING_SPACE, colors)


def named_colorspace(path: str, header: StillHeader) -> str:
    """The colour space that a header names.

    Raises:
        MissingFactError: it names none.
    """
    if header.colorspace is None and header.color_tag is not None:
        raise MissingFactError(
            f"{path}: is tagged as '{header.color_tag}', a colour space that the OpenColorIO "
            "config does not have; name one as 'colorspace', or convert it to sRGB",
            "colorspace",
            f"the file says: {header.color_tag}",
        )
    if header.colorspace is None:
        hint = _DENSITY_HINTS.get(header.transfer, "")
        header_note = f" (its header says: {header.transfer})" if header.transfer else ""
        raise MissingFactError(
            f"{path}: does not say which colour space it is in; "
            f"name it as 'colorspace'{hint}{header_note}",
            "colorspace",
            f"the file says: {header.transfer}" if header.transfer else "the file does not say it",
        )
    return header.colorspace


def read_still(path: str, code_range: CodeRange = "full") -> Tensor:
    """The pixels of a still as stored.

    Args:
        path: the file.
        code_range: of integer samples; floats are not scaled.

    Returns:
        (3, H, W) float32; integers are scaled so that black is 0 and white is 1.

    Raises:
        MediaError: the file is missing or damaged, or has channels other than R, G, B or grey.
    """
    with open_still(path) as still:
        still.check_supported()
        return _pixels(still, code_range)


def read_plane(path: str | Path) -> Tensor:
    """The single channel of a picture as stored, (1, H, W) float32.

    Raises:
        MediaError: the file is missing or damaged, or has more than one channel.
    """
    with open_still(str(path)) as still:
        channels = still.spec.nchannels
        if channels != 1:
            raise MediaError(f"{path}: has {channels} channels instead of one; replace the file")
        import torch

        return _in_display_window(torch.from_numpy(still.read()), still.spec)


def read_entries(path: str | Path, names: Sequence[str]) -> dict[str, str]:
    """The named header entries that exist, as text.

    Raises:
        MediaError: the file is missing, or is not a picture.
    """
    with open_still(str(path)) as still:
        entries = {name: still.spec.getattribute(name) for name in names}
    return {name: str(value) for name, value in entries.items() if value is not None}


def _header(still: OpenStill, colors: ColorManagement) -> StillHeader:
    """
    Raises:
        MediaError: the kind of picture is not supported.
    """
    still.check_supported()
    spec = still.spec
    code_range, range_remark = still.code_range()
    is_display = still.format not in ("openexr", "dpx", "cineon")
    tag = color_tag_of(still.path, spec, still.format, colors) if is_display else None
    return StillHeader(
        width=spec.full_width,
        height=spec.full_height,
        pixel_aspect=pixel_aspect_of(spec),
        orientation=orientation_of(spec),
        rate=rate_of(spec),
        colorspace=_colorspace(still, tag, colors),
        color_tag=tag.text if tag else None,
        transfer=_transfer(still),
        format=still.format,
        timecode=timecode_of(spec),
        ignored=still.ignored(),
        is_grey=len(set(still.colour_channels())) == 1,
        bits=still.bits,
        code_range=code_range,
        range_remark=range_remark,
    )


def _pixels(still: OpenStill, code_range: CodeRange) -> Tensor:
    import torch

    channels, stored = still.colour_channels(), still.read()
    if channels != list(range(len(stored))):
        stored = np.ascontiguousarray(stored[channels])
    pixels = torch.from_numpy(stored)
    if code_range == "limited" and still.bits:
        pixels = _scale_limited(pixels, still.bits)
    return _in_display_window(pixels, still.spec)


def _scale_limited(pixels: Tensor, bits: int) -> Tensor:
    """Codes of 0 to 1, scaled from limited range so that black is 0 and white is 1."""
    max_code_in_8_bit_units = float(2**bits - 1) / float(2 ** (bits - 8))
    return (pixels * max_code_in_8_bit_units - 16) / (235 - 16)


def _in_display_window(pixels: Tensor, spec: oiio.ImageSpec) -> Tensor:
    """The data window placed in the display window, black around it."""
    x, y = spec.x - spec.full_x, spec.y - spec.full_y
    width, height = spec.full_width, spec.full_height
    if (x, y, spec.width, spec.height) == (0, 0, width, height):
        return pixels
    import torch

    whole = torch.zeros(pixels.shape[0], height, width)
    left, right = max(x, 0), min(x + spec.width, width)
    top, bottom = max(y, 0), min(y + spec.height, height)
    if left < right and top < bottom:
        whole[:, top:bottom, left:right] = pixels[:, top - y : bottom - y, left - x : right - x]
    return whole


def _colorspace(still: OpenStill, tag: ColorTag | None, colors: ColorManagement) -> str | None:
    if still.format == "openexr":
        return _scene_colorspace(still.spec, colors)
    if still.format == "cineon" or (still.dpx is not None and not still.dpx.may_be_video):
        return None
    if tag is not None:
        return tag.space
    return WORKING_SPACE if str(still.spec.format) in ("uint8", "uint16") else None


def _transfer(still: OpenStill) -> str:
    """Name of the transfer of the codes, empty if the header does not specify it."""
    if still.format == "cineon":
        return "Printing density"
    return still.dpx.transfer if still.dpx is not None else ""


def _scene_colorspace(spec: oiio.ImageSpec, colors: ColorManagement) -> str | None:
    name = text_of(spec, "oiio:ColorSpace")
    for spelling in (name, f"ocio:{name}"):
        if name and is_colorspace(spelling, colors):
            return check_colorspace(spelling, colors)
    chromaticities = spec.getattribute("chromaticities")
    if not is_colorspace("lin_ap0", colors):
        return None
    if chromaticities is not None and np.allclose(chromaticities, _AP0_CHROMATICITIES, atol=1e-4):
        return check_colorspace("lin_ap0", colors)
    return None
