"""Still pictures out, by OpenImageIO. The same pixels and tags give the same bytes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import torch
from torch import Tensor

from unfade.errors import MediaError, ProjectError
from unfade.film.working_space import WORKING_SPACE
from unfade.media.color_management import check_colorspace, is_aces, to_space
from unfade.media.stills.icc import working_space_profile
from unfade.media.stills.tags import FrameTags, put_tags
from unfade.project.color_config import PINNED, ColorManagement
from unfade.work.writing import writing

Metadata = Mapping[str, str | int | float]

_NO_METADATA: Metadata = {}
_NO_TAGS = FrameTags()

_ACES = "lin_ap0_scene"
"""OpenImageIO's name of ACES2065-1, whatever the OpenColorIO config calls it."""

_GAMMA_24 = "g24_rec709_scene"
"""Its name of the working space, which PNG files are tagged with."""

_PRINTING_DENSITY = ("ADX10", "ADX16")
"""Names of the OpenColorIO config for the film densities of SMPTE ST 2065-3."""

_PNG_LEVEL = 3
"""Of zlib: a sheet takes half the time of its usual 6 and is a twentieth larger."""

_DPX_NAME = (36, 100)
"""Offset and length in bytes of the file's name in a DPX header (SMPTE 268M)."""


def write_exr(
    path: Path,
    pixels: Tensor,
    *,
    colorspace: str,
    colors: ColorManagement = PINNED,
    compression: str = "zip",
    half: bool = True,
    dwa_level: float = 45.0,
    strict: bool = False,
    metadata: Metadata = _NO_METADATA,
    tags: FrameTags = _NO_TAGS,
) -> None:
    """Writes an OpenEXR file.

    Args:
        path: the file.
        pixels: (3, H, W) in the working space; or (1, H, W) data, written as it is.
        colorspace: the OpenColorIO name of the space to write (3, H, W) in.
        colors: the config that knows this name.
        compression: ``"zip"``, ``"dwaa"``, ``"none"`` or another of OpenEXR's names.
        half: 16-bit floats rather than 32-bit ones.
        dwa_level: of DWAA, 0 is best.
        strict: make it a container of SMPTE ST 2065-4, which is half, not compressed, and in
            ACES2065-1.
        metadata: header entries by name.
        tags: of the frame.

    Raises:
        MediaError: a value is not a number or is beyond the range of the file, or it cannot be
            written.
        ProjectError: there is no such colour space, or it is not that of a strict file.
    """
    spec_type = "half" if half else "float"
    spec = oiio.ImageSpec(pixels.shape[2], pixels.shape[1], pixels.shape[0], spec_type)
    if pixels.shape[0] == 1:
        spec.channelnames = ("Y",)
    else:
        colorspace = check_colorspace(colorspace, colors)
        pixels = to_space(pixels, WORKING_SPACE, colorspace, colors)
        _describe_colorspace(spec, colorspace, colors, strict=strict)
    spec["compression"] = f"{compression}:{dwa_level:g}" if compression == "dwaa" else compression
    put_tags(spec, tags)
    for name, value in metadata.items():
        spec[name] = value
    stored = pixels.half() if half else pixels.float()
    if not torch.isfinite(stored).all():
        raise MediaError(
            f"{path}: {_not_finite(stored)} of its values are not numbers or are beyond the range "
            f"of a {spec_type} file; mend the picture that it is made from"
        )
    _write(path, stored.permute(1, 2, 0).contiguous().numpy(), spec)


def write_dpx(
    path: Path,
    pixels: Tensor,
    *,
    bits: int = 10,
    colorspace: str = WORKING_SPACE,
    colors: ColorManagement = PINNED,
    software: str = "",
    tags: FrameTags = _NO_TAGS,
) -> int:
    """Writes a DPX file of integers.

    Args:
        path: the file.
        pixels: (3, H, W) in the working space.
        bits: 8, 10, 12 or 16 a sample.
        colorspace: the OpenColorIO name of the space to write in. DPX has names for video and for
            printing density; with others the header leaves it open.
        colors: the config that knows this name.
        software: that made it.
        tags: of the frame.

    Returns:
        How many values were outside 0 to 1 and were cut, as DPX has no more.

    Raises:
        MediaError: a value is not a number, or it cannot be written.
        ProjectError: there is no such colour space.
    """
    spec = _integer_spec(pixels, bits)
    spec["oiio:BitsPerSample"] = bits
    spec["Software"] = software
    spec["dpx:Transfer"], spec["dpx:Colorimetric"] = _dpx_names(
        check_colorspace(colorspace, colors), colors
    )
    put_tags(spec, tags)
    encoded = to_space(pixels, WORKING_SPACE, colorspace, colors)
    _write(path, _codes(path, encoded, bits), spec)
    return _count_outside(encoded, bits)


def write_tiff(
    path: Path,
    pixels: Tensor,
    *,
    colorspace: str,
    colors: ColorManagement = PINNED,
    compression: str = "zip",
    software: str = "",
    tags: FrameTags = _NO_TAGS,
) -> int:
    """Writes a TIFF file of 16-bit integers.

    Args:
        path: the file.
        pixels: (3, H, W) in the working space.
        colorspace: the OpenColorIO name of the space to write in.
        colors: the config that knows this name.
        compression: ``"zip"`` or ``"none"``.
        software: that made it.
        tags: of the frame; TIFF has no place for its rate, timecode and keycode.

    Returns:
        How many values were outside 0 to 1 and were cut, as integers have no more.

    Raises:
        MediaError: a value is not a number, or it cannot be written.
        ProjectError: there is no such colour space.
    """
    spec = _integer_spec(pixels, 16)
    spec["compression"] = compression
    spec["Software"] = software
    spec["ImageDescription"] = f"Colour space: {check_colorspace(colorspace, colors)}"
    put_tags(spec, tags)
    encoded = to_space(pixels, WORKING_SPACE, colorspace, colors)
    _write(path, _codes(path, encoded, 16), spec)
    return _count_outside(encoded, 16)


def write_png(path: Path, pixels: Tensor, *, bits: int = 8, with_profile: bool = False) -> None:
    """Writes a PNG file.

    Args:
        path: the file.
        pixels: (3, H, W) or (1, H, W) display values, or (4, H, W) with alpha, by which colour is
            multiplied; outside 0 to 1 they are cut.
        bits: 8 or 16 a sample.
        with_profile: put the ICC profile of the working space in, for painting programs, because
            few of them mind the gamma of PNG.

    Raises:
        MediaError: a value is not a number, or it cannot be written.
    """
    spec = _integer_spec(pixels, bits)
    spec.attribute("png:compressionLevel", _PNG_LEVEL)
    spec["oiio:ColorSpace"] = _GAMMA_24
    if with_profile:
        profile = working_space_profile()
        spec.attribute("ICCProfile", f"uint8[{len(profile)}]", np.frombuffer(profile, np.uint8))
    _write(path, _codes(path, pixels, bits), spec)


def _describe_colorspace(
    spec: oiio.ImageSpec, colorspace: str, colors: ColorManagement, *, strict: bool
) -> None:
    spec["oiio:ColorSpace"] = colorspace
    if is_aces(colorspace, colors):
        spec["oiio:ColorSpace"] = _ACES
        spec["openexr:ACESContainerPolicy"] = "strict" if strict else "relaxed"
    elif strict:
        raise ProjectError(
            f"a strict ACES container (SMPTE ST 2065-4) holds ACES2065-1 and not '{colorspace}'; "
            "set render.colorspace to it, or render.strict to false"
        )


def _dpx_names(colorspace: str, colors: ColorManagement) -> tuple[str, str]:
    """What a DPX header calls a colour space: transfer and colorimetry (SMPTE ST 268-1)."""
    if colorspace == check_colorspace(WORKING_SPACE, colors):
        return "ITU-R 709-4", "ITU-R 709-4"
    if colorspace in _PRINTING_DENSITY:
        return "Printing density", "Printing density"
    return "User defined", "User defined"


def _integer_spec(pixels: Tensor, bits: int) -> oiio.ImageSpec:
    channels, height, width = pixels.shape
    return oiio.ImageSpec(width, height, channels, "uint8" if bits == 8 else "uint16")


def _codes(path: Path, pixels: Tensor, bits: int) -> np.ndarray:
    """(H, W, C) integer codes, stretched to 16 bits by repeating the high bits where fewer."""
    if not torch.isfinite(pixels).all():
        raise MediaError(
            f"{path}: {_not_finite(pixels)} of its values are not numbers; "
            "mend the picture that it is made from"
        )
    greatest = 2**bits - 1
    codes = (pixels.permute(1, 2, 0).clamp(0.0, 1.0) * greatest).round().int().contiguous()
    if bits == 8:
        return np.asarray(codes, np.uint8)
    return np.asarray((codes << (16 - bits)) | (codes >> (2 * bits - 16)), np.uint16)


def _count_outside(pixels: Tensor, bits: int) -> int:
    """How many values no code stands for, as they are more than half a code below 0 or above 1."""
    half_code = 0.5 / (2**bits - 1)
    return int(((pixels < -half_code) | (pixels > 1 + half_code)).sum())


def _not_finite(pixels: Tensor) -> int:
    return int((~torch.isfinite(pixels)).sum())


def _write(path: Path, interleaved: np.ndarray, spec: oiio.ImageSpec) -> None:
    if not path.parent.is_dir():
        raise MediaError(f"{path}: cannot be written, its folder is missing; make {path.parent}")
    with writing(path) as temporary:
        image = oiio.ImageOutput.create(str(temporary))
        if image is None:
            raise MediaError(
                f"{path}: cannot be written ({oiio.geterror()}); use the suffix of its format"
            )
        written = (
            image.open(str(temporary), spec) and image.write_image(interleaved) and image.close()
        )
        if written and path.suffix.lower() == ".dpx":
            _name_dpx(temporary, path.name)
        if not written:
            reason = (image.geterror() or oiio.geterror()).strip().replace(str(temporary), "")
            raise MediaError(
                f"{path}: cannot be written ({reason}); look for space and permission there"
            )


def _name_dpx(temporary: Path, name: str) -> None:
    """Puts the file's own name in the header, where its temporary path would stay."""
    offset, length = _DPX_NAME
    with temporary.open("r+b") as file:
        file.seek(offset)
        file.write(name.encode()[: length - 1].ljust(length, b"\0"))
