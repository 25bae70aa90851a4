"""Writes stills, with OpenImageIO. The same pixels and tags give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import OpenImageIO as oiio

from unfade.color.finite import count_not_finite
from unfade.errors import MediaError, ProjectError
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.bands import bands
from unfade.media.color_management import check_colorspace, is_aces, to_space
from unfade.media.stills.icc import working_space_profile
from unfade.media.stills.process_history import Step, user_data
from unfade.media.stills.tags import FrameTags, put_tags
from unfade.media.stills.whole import is_whole
from unfade.project.color_config import PINNED, ColorManagement
from unfade.work.writing import writing

if TYPE_CHECKING:
    from torch import Tensor

Metadata = Mapping[str, str | int | float]
"""Header entries by name."""

_NO_METADATA: Metadata = {}
_NO_TAGS = FrameTags()

_OIIO_ACES = "lin_ap0_scene"
"""OpenImageIO's name of ACES2065-1, whatever the OpenColorIO config calls it."""

_OIIO_WORKING_SPACE = "g24_rec709_scene"
"""OpenImageIO's name of the working space, for tags of PNG files."""

_PRINTING_DENSITY = ("ADX10", "ADX16")
"""OpenColorIO names of the film densities of SMPTE ST 2065-3."""

_PNG_COMPRESSION_LEVEL = 1
"""Level of zlib."""

_PNG_PAETH_FILTER = 128
"""Number of the filter in libpng. With both a sheet takes a fifth of the time of the defaults and
is 7 % larger."""

_DPX_NAME_OFFSET, _DPX_NAME_BYTES = 36, 100
"""Offset and length of the file name in a DPX header (SMPTE ST 268-1)."""


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
        pixels: (3, H, W) in the working space, or (1, H, W) data, written unchanged.
        colorspace: OpenColorIO name of the space to write (3, H, W) in.
        colors: the config that has this space.
        compression: ``"zip"``, ``"dwaa"``, ``"none"`` or another of OpenEXR's names.
        half: write 16-bit floats, otherwise 32-bit floats.
        dwa_level: compression level of DWAA; 0 is best.
        strict: write a container of SMPTE ST 2065-4: half floats, uncompressed, in ACES2065-1.
        metadata: header entries by name.
        tags: of the frame.

    Raises:
        MediaError: a value is not a number or beyond the range of the file, or the file cannot be
            written.
        ProjectError: there is no such colour space, or a strict container needs another.
    """
    spec_type = "half" if half else "float"
    spec = oiio.ImageSpec(pixels.shape[2], pixels.shape[1], pixels.shape[0], spec_type)
    if pixels.shape[0] == 1:
        spec.channelnames = ("Y",)
    else:
        _describe_colorspace(spec, check_colorspace(colorspace, colors), colors, strict=strict)
    spec["compression"] = f"{compression}:{dwa_level:g}" if compression == "dwaa" else compression
    put_tags(spec, tags)
    for name, value in metadata.items():
        spec[name] = value
    stored = np.empty((spec.height, spec.width, spec.nchannels), np.float16 if half else np.float32)
    not_finite = 0
    for lines in bands(spec.height, spec.width):
        encoded = pixels[:, lines]
        if len(encoded) == 3:
            encoded = to_space(encoded, WORKING_SPACE, colorspace, colors)
        encoded = encoded.half() if half else encoded.float()
        not_finite += count_not_finite(encoded)
        stored[lines] = encoded.permute(1, 2, 0).numpy()
    if not_finite:
        raise MediaError(
            f"{path}: {not_finite} of its values are not numbers or beyond the "
            f"range of a {spec_type} file; correct the picture that it is made from"
        )
    _write(path, stored, spec)


def write_dpx(
    path: Path,
    pixels: Tensor,
    *,
    bits: int = 10,
    colorspace: str = WORKING_SPACE,
    colors: ColorManagement = PINNED,
    software: str = "",
    history: Sequence[Step] = (),
    tags: FrameTags = _NO_TAGS,
) -> int:
    """Writes a DPX file of integers.

    Args:
        path: the file.
        pixels: (3, H, W) in the working space.
        bits: of a sample: 8, 10, 12 or 16.
        colorspace: OpenColorIO name of the space to write in. The header can name video and
            printing density; for other spaces it says user defined.
        colors: the config that has this space.
        software: name of the program, for the header.
        history: the lines of the process history in the user data; none leaves that out.
        tags: of the frame.

    Returns:
        Number of values outside 0 to 1, which are clipped because DPX cannot hold them.

    Raises:
        MediaError: a value is not a number, or the file cannot be written.
        ProjectError: there is no such colour space.
    """
    spec = _integer_spec(pixels, bits)
    spec["oiio:BitsPerSample"] = bits
    spec["Software"] = software
    spec["dpx:Transfer"], spec["dpx:Colorimetric"] = _dpx_names(
        check_colorspace(colorspace, colors), colors
    )
    if history:
        data = np.frombuffer(user_data(history), np.uint8)
        spec.attribute("dpx:UserData", f"uint8[{len(data)}]", data)
    put_tags(spec, tags)
    codes, clipped = _codes(path, pixels, bits, colorspace, colors)
    _write(path, codes, spec)
    return clipped


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
        colorspace: OpenColorIO name of the space to write in.
        colors: the config that has this space.
        compression: ``"zip"`` or ``"none"``.
        software: name of the program, for the header.
        tags: of the frame; TIFF cannot store its rate, timecode and keycode.

    Returns:
        Number of values outside 0 to 1, which are clipped because integers cannot hold them.

    Raises:
        MediaError: a value is not a number, or the file cannot be written.
        ProjectError: there is no such colour space.
    """
    spec = _integer_spec(pixels, 16)
    spec["compression"] = compression
    spec["Software"] = software
    spec["ImageDescription"] = f"Colour space: {check_colorspace(colorspace, colors)}"
    put_tags(spec, tags)
    codes, clipped = _codes(path, pixels, 16, colorspace, colors)
    _write(path, codes, spec)
    return clipped


def write_png(path: Path, pixels: Tensor, *, bits: int = 8, with_profile: bool = False) -> None:
    """Writes a PNG file.

    Args:
        path: the file.
        pixels: (3, H, W) or (1, H, W) display values, or (4, H, W) with premultiplied alpha; values
            outside 0 to 1 are clipped.
        bits: of a sample: 8 or 16.
        with_profile: embed the ICC profile of the working space, because few painting programs use
            the gamma of PNG.

    Raises:
        MediaError: a value is not a number, or the file cannot be written.
    """
    spec = _integer_spec(pixels, bits)
    spec.attribute("png:compressionLevel", _PNG_COMPRESSION_LEVEL)
    spec.attribute("png:filter", _PNG_PAETH_FILTER)
    spec["oiio:ColorSpace"] = _OIIO_WORKING_SPACE
    if with_profile:
        profile = working_space_profile()
        spec.attribute("ICCProfile", f"uint8[{len(profile)}]", np.frombuffer(profile, np.uint8))
    codes, _ = _codes(path, pixels, bits, WORKING_SPACE, PINNED)
    _write(path, codes, spec)


def _describe_colorspace(
    spec: oiio.ImageSpec, colorspace: str, colors: ColorManagement, *, strict: bool
) -> None:
    spec["oiio:ColorSpace"] = colorspace
    if is_aces(colorspace, colors):
        spec["oiio:ColorSpace"] = _OIIO_ACES
        spec["openexr:ACESContainerPolicy"] = "strict" if strict else "relaxed"
    elif strict:
        raise ProjectError(
            f"a strict ACES container (SMPTE ST 2065-4) holds ACES2065-1 and not '{colorspace}'; "
            "set 'render.colorspace' to it, or 'render.strict' to false"
        )


def _dpx_names(colorspace: str, colors: ColorManagement) -> tuple[str, str]:
    """Transfer and colorimetry of a colour space in a DPX header (SMPTE ST 268-1)."""
    if colorspace == check_colorspace(WORKING_SPACE, colors):
        return "ITU-R 709-4", "ITU-R 709-4"
    if colorspace in _PRINTING_DENSITY:
        return "Printing density", "Printing density"
    return "User defined", "User defined"


def _integer_spec(pixels: Tensor, bits: int) -> oiio.ImageSpec:
    channels, height, width = pixels.shape
    return oiio.ImageSpec(width, height, channels, "uint8" if bits == 8 else "uint16")


def _codes(
    path: Path, pixels: Tensor, bits: int, colorspace: str, colors: ColorManagement
) -> tuple[np.ndarray, int]:
    """(H, W, C) integer codes in a colour space, and the number of values that were clipped.

    Fewer than 16 bits are stretched to 16 by repeating the high bits.

    Raises:
        MediaError: a value is not a number.
    """
    channels, height, width = pixels.shape
    codes = np.empty((height, width, channels), np.uint8 if bits == 8 else np.uint16)
    clipped = not_finite = 0
    for lines in bands(height, width):
        encoded = to_space(pixels[:, lines], WORKING_SPACE, colorspace, colors)
        not_finite += count_not_finite(encoded)
        clipped += _count_clipped(encoded, bits)
        codes[lines] = _codes_of(encoded, bits)
    if not_finite:
        raise MediaError(
            f"{path}: {not_finite} of its values are not numbers; "
            "correct the picture that it is made from"
        )
    return codes, clipped


def _codes_of(encoded: Tensor, bits: int) -> np.ndarray:
    """(H, W, C) integer codes of (C, H, W) of 0 to 1."""
    max_code = 2**bits - 1
    codes = (encoded.permute(1, 2, 0).clamp(0.0, 1.0) * max_code).round().int().contiguous()
    if bits == 8:
        return np.asarray(codes, np.uint8)
    return np.asarray((codes << (16 - bits)) | (codes >> (2 * bits - 16)), np.uint16)


def _count_clipped(pixels: Tensor, bits: int) -> int:
    """Number of values more than half a code below 0 or above 1."""
    half_code = 0.5 / (2**bits - 1)
    return int(((pixels < -half_code) | (pixels > 1 + half_code)).sum())


def _write(path: Path, interleaved: np.ndarray, spec: oiio.ImageSpec) -> None:
    if not path.parent.is_dir():
        raise MediaError(f"{path}: cannot be written, its folder is missing; create {path.parent}")
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
            said = (image.geterror() or oiio.geterror()).replace(str(temporary), path.name)
            reason = said.strip().removesuffix(".").replace(". ", ": ")
            raise MediaError(
                f"{path}: cannot be written ({reason}); check free space and permissions there"
            )
        if not is_whole(temporary):
            raise MediaError(
                f"{path}: cannot be written whole; check free space and permissions there"
            )


def _name_dpx(temporary: Path, name: str) -> None:
    """Writes the final file name into the header, which OpenImageIO fills with the temporary
    path."""
    with temporary.open("r+b") as file:
        file.seek(_DPX_NAME_OFFSET)
        file.write(name.encode()[: _DPX_NAME_BYTES - 1].ljust(_DPX_NAME_BYTES, b"\0"))
