"""Still pictures in, by OpenImageIO: EXR, DPX, TIFF, PNG, JPEG and what else it knows."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import torch
from torch import Tensor

from unfade.errors import MediaError
from unfade.film.project import WORKING_SPACE
from unfade.geometry.orientation import upright
from unfade.media.color_management import check_colorspace, is_colorspace, to_space
from unfade.media.timecode import timecode_of

STILL_SUFFIXES = frozenset(
    [
        ".exr",
        ".dpx",
        ".cin",
        ".tif",
        ".tiff",
        ".png",
        ".jpg",
        ".jpeg",
        ".bmp",
        ".tga",
        ".jp2",
        ".j2k",
        ".j2c",
    ]
)

_AP0_CHROMATICITIES = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
"""Of SMPTE ST 2065-1: red, green, blue, white; x and y of each."""

_OTHER_TRANSFERS = ("Printing density", "Logarithmic", "Linear")
"""What a DPX header says of film densities and of light, which are not display values."""

_GREATEST_DENOMINATOR = 1001
"""Of the rates and pixel aspects that files store as floats: 24000/1001 needs it."""


@dataclass(frozen=True)
class StillHeader:
    """What the header of a still says, without its pixels.

    `colorspace` is none where the file does not tell; `rate` and `timecode` likewise. `ignored`
    are the channels that are not read. `width` and `height` are of the stored raster and
    `pixel_aspect` is of its pixels, `orientation` says how it is turned to be shown (see `Clip`).
    """

    width: int
    height: int
    pixel_aspect: Fraction
    orientation: int
    rate: Fraction | None
    colorspace: str | None
    format: str
    timecode: str | None
    ignored: tuple[str, ...]


def read_header(path: str) -> StillHeader:
    """The header of a still.

    Raises:
        MediaError: the file is missing, or is no picture.
    """
    image = open_still(path)
    spec = image.spec()
    header = StillHeader(
        width=spec.full_width,
        height=spec.full_height,
        pixel_aspect=_fraction(spec.getattribute("PixelAspectRatio")) or Fraction(1),
        orientation=_orientation(spec),
        rate=_rate(spec),
        colorspace=_colorspace(spec, image.format_name()),
        format=image.format_name(),
        timecode=timecode_of(path, spec),
        ignored=_ignored(list(spec.channelnames)),
    )
    image.close()
    return header


def read_picture(path: str | Path, colorspace: str | None = None) -> Tensor:
    """A still in the working space, upright.

    Grey is copied to all three channels; an alpha channel is ignored.

    Args:
        path: the file.
        colorspace: the OpenColorIO name of the space that it is in; none to take what the file
            says, and the working space where it is of a video-like format that says nothing.

    Returns:
        (3, H, W) float32, the display window.

    Raises:
        MediaError: the file is missing or damaged, or its colour space is not known.
        ProjectError: there is no such colour space.
    """
    path = str(path)
    header = read_header(path)
    if colorspace is None or colorspace == "auto":
        colorspace = named_colorspace(path, header)
    picture = upright(read_still(path), header.orientation)
    return to_space(picture, colorspace, WORKING_SPACE)


def named_colorspace(path: str, header: StillHeader) -> str:
    """The colour space that a header names.

    Raises:
        MediaError: it names none.
    """
    if header.colorspace is None:
        raise MediaError(
            f"{path}: does not say which colour space it is in; name it as 'colorspace'"
        )
    return header.colorspace


def read_still(path: str) -> Tensor:
    """The pixels of a still as they are stored.

    Returns:
        (3, H, W) float32; integers are scaled so that the greatest code is 1.

    Raises:
        MediaError: the file is missing or damaged, or has channels other than R, G, B or grey.
    """
    pixels, spec = _read(path)
    channels = _colour_channels(path, spec)
    return _in_display_window(torch.from_numpy(np.ascontiguousarray(pixels[channels])), spec)


def read_plane(path: str | Path) -> Tensor:
    """A picture of one channel, as it is stored: (1, H, W) float32.

    Raises:
        MediaError: the file is missing or damaged, or has more than one channel.
    """
    pixels, spec = _read(str(path))
    if spec.nchannels != 1:
        raise MediaError(f"{path}: has {spec.nchannels} channels instead of one; replace the file")
    return _in_display_window(torch.from_numpy(pixels), spec)


def read_entries(path: str | Path, names: Sequence[str]) -> dict[str, str]:
    """Those of the named entries that a header has, as text.

    Raises:
        MediaError: the file is missing, or is no picture.
    """
    image = open_still(str(path))
    spec = image.spec()
    image.close()
    found = {name: spec.getattribute(name) for name in names}
    return {name: str(value) for name, value in found.items() if value is not None}


def open_still(path: str) -> oiio.ImageInput:
    """An open still, at the part that has its colours, alpha left apart from them.

    Raises:
        MediaError: it is missing, or is no picture.
    """
    if not os.path.exists(path):
        raise MediaError(f"{path}: is missing; restore the file or correct the path")
    keep_straight_alpha = oiio.ImageSpec()
    keep_straight_alpha["oiio:UnassociatedAlpha"] = 1
    image = oiio.ImageInput.open(path, keep_straight_alpha)
    if image is None:
        raise _damaged(path, oiio.geterror())
    if image.format_name() == "openexr":
        _seek_colours(image)
    return image


def _seek_colours(image: oiio.ImageInput) -> None:
    """Goes to the first part of a multi-part file that has colours, or stays at its first."""
    part = 0
    while image.seek_subimage(part, 0):
        if _has_rgb(image.spec().channelnames):
            return
        part += 1
    image.geterror()
    image.seek_subimage(0, 0)


def _read(path: str) -> tuple[np.ndarray, oiio.ImageSpec]:
    """All channels, (C, H, W) float32 of the data window, and the header."""
    image = open_still(path)
    spec = image.spec()
    bits = _bits(spec)
    kind = "uint16" if bits else "float"
    stored = image.read_image(image.current_subimage(), 0, 0, spec.nchannels, kind)
    if stored is None or image.has_error:
        raise _damaged(path, image.geterror())
    image.close()
    interleaved = np.asarray(stored).reshape(spec.height, spec.width, spec.nchannels)
    pixels = np.ascontiguousarray(interleaved.transpose(2, 0, 1))
    if bits:
        pixels = (pixels >> (16 - bits)).astype(np.float32) / np.float32(2**bits - 1)
    return pixels, spec


def _bits(spec: oiio.ImageSpec) -> int:
    """How many bits a sample has where the library stretches it to 16, else 0."""
    bits = spec.get_int_attribute("oiio:BitsPerSample", 0)
    return bits if 8 < bits < 16 and str(spec.format) == "uint16" else 0


def _damaged(path: str, reason: str) -> MediaError:
    first_line = reason.strip().splitlines()[0] if reason.strip() else "it ends early"
    return MediaError(f"{path}: cannot be read ({first_line}); restore the file")


def _colour_channels(path: str, spec: oiio.ImageSpec) -> list[int]:
    names = list(spec.channelnames)
    if _has_rgb(names):
        return [names.index(name) for name in "RGB"]
    if len(names) <= 2:
        return [0, 0, 0]
    raise MediaError(
        f"{path}: has the channels {', '.join(names)} but no R, G, B; export it with these"
    )


def _has_rgb(names: Sequence[str]) -> bool:
    return all(name in names for name in "RGB")


def _ignored(names: Sequence[str]) -> tuple[str, ...]:
    """The channels beside the colours, or beside the grey, such as alpha and depth."""
    if _has_rgb(names):
        return tuple(name for name in names if name not in ("R", "G", "B"))
    return tuple(names[1:2])


def _in_display_window(pixels: Tensor, spec: oiio.ImageSpec) -> Tensor:
    """The data window laid into the display window, black where there is none."""
    x, y = spec.x - spec.full_x, spec.y - spec.full_y
    width, height = spec.full_width, spec.full_height
    if (x, y, spec.width, spec.height) == (0, 0, width, height):
        return pixels
    whole = torch.zeros(pixels.shape[0], height, width)
    left, right = max(x, 0), min(x + spec.width, width)
    top, bottom = max(y, 0), min(y + spec.height, height)
    if left < right and top < bottom:
        whole[:, top:bottom, left:right] = pixels[:, top - y : bottom - y, left - x : right - x]
    return whole


def _rate(spec: oiio.ImageSpec) -> Fraction | None:
    stored = spec.getattribute("framesPerSecond")
    if isinstance(stored, tuple):
        return Fraction(*stored) if all(stored) else None
    return _fraction(stored or spec.getattribute("dpx:FrameRate"))


def _orientation(spec: oiio.ImageSpec) -> int:
    """1 to 8; readers of TIFF and EXIF take every other number for 1."""
    found = spec.get_int_attribute("Orientation", 1)
    return found if 1 <= found <= 8 else 1


def _fraction(value: object) -> Fraction | None:
    """A positive float of a header as a fraction, none where it says nothing."""
    if not isinstance(value, float | int) or not 0 < value < float("inf"):
        return None
    return Fraction(value).limit_denominator(_GREATEST_DENOMINATOR) or None


def _colorspace(spec: oiio.ImageSpec, file_format: str) -> str | None:
    if file_format == "openexr":
        return _scene_colorspace(spec)
    if file_format == "cineon" or spec.get_string_attribute("dpx:Transfer") in _OTHER_TRANSFERS:
        return None
    return WORKING_SPACE if str(spec.format) in ("uint8", "uint16") else None


def _scene_colorspace(spec: oiio.ImageSpec) -> str | None:
    name = spec.get_string_attribute("oiio:ColorSpace")
    for spelling in (name, f"ocio:{name}"):
        if name and is_colorspace(spelling):
            return check_colorspace(spelling)
    chromaticities = spec.getattribute("chromaticities")
    if not is_colorspace("lin_ap0"):
        return None
    if chromaticities is not None and np.allclose(chromaticities, _AP0_CHROMATICITIES, atol=1e-4):
        return check_colorspace("lin_ap0")
    return None
