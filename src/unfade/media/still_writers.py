"""Still pictures out, by OpenImageIO: EXR, DPX and PNG. The same pixels give the same bytes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import torch
from torch import Tensor

from unfade.errors import MediaError
from unfade.film.project import WORKING_SPACE
from unfade.film.work import writing
from unfade.media.color_management import check_colorspace, to_space

Metadata = Mapping[str, str | int | float]

_NO_METADATA: Metadata = {}

_DPX_NAME = (36, 100)
"""Offset and length in bytes of the file's name in a DPX header (SMPTE 268M)."""


def write_exr(
    path: Path,
    pixels: Tensor,
    *,
    colorspace: str,
    compression: str = "zip",
    half: bool = True,
    dwa_level: float = 45.0,
    metadata: Metadata = _NO_METADATA,
) -> None:
    """Writes an OpenEXR file.

    Args:
        path: the file.
        pixels: (3, H, W) in the working space; or (1, H, W) data, written as it is.
        colorspace: the OpenColorIO name of the space to write (3, H, W) in.
        compression: ``"zip"``, ``"dwaa"`` or another of OpenEXR's names.
        half: 16-bit floats rather than 32-bit ones.
        dwa_level: of DWAA, 0 is best.
        metadata: header entries by name.

    Raises:
        MediaError: a value is not a number or is beyond the range of the file, or it cannot be
            written.
        ProjectError: there is no such colour space.
    """
    spec_type = "half" if half else "float"
    spec = oiio.ImageSpec(pixels.shape[2], pixels.shape[1], pixels.shape[0], spec_type)
    if pixels.shape[0] == 1:
        spec.channelnames = ("Y",)
    else:
        colorspace = check_colorspace(colorspace)
        pixels = to_space(pixels, WORKING_SPACE, colorspace)
        _describe_colorspace(spec, colorspace)
    spec["compression"] = f"{compression}:{dwa_level:g}" if compression == "dwaa" else compression
    spec["DateTime"] = ""
    for name, value in metadata.items():
        spec[name] = value
    stored = pixels.half() if half else pixels.float()
    if not torch.isfinite(stored).all():
        raise MediaError(
            f"{path}: {_not_finite(stored)} of its values are not numbers or are beyond the range "
            f"of a {spec_type} file; mend the picture that it is made from"
        )
    _write(path, stored.permute(1, 2, 0).contiguous().numpy(), spec)


def write_dpx(path: Path, pixels: Tensor, *, bits: int = 10) -> None:
    """Writes a DPX file of integers, tagged Rec.709.

    Args:
        path: the file.
        pixels: (3, H, W) in the working space; outside 0 to 1 they are cut, DPX has no more.
        bits: 8, 10, 12 or 16 a sample.

    Raises:
        MediaError: a value is not a number, or it cannot be written.
    """
    spec = _integer_spec(pixels, bits)
    spec["oiio:BitsPerSample"] = bits
    spec["dpx:Transfer"] = "ITU-R 709-4"
    spec["dpx:Colorimetric"] = "ITU-R 709-4"
    _write(path, _codes(path, pixels, bits), spec)


def write_png(path: Path, pixels: Tensor, *, bits: int = 8) -> None:
    """Writes a PNG file.

    Args:
        path: the file.
        pixels: (3, H, W) or (1, H, W) display values; outside 0 to 1 they are cut.
        bits: 8 or 16 a sample.

    Raises:
        MediaError: a value is not a number, or it cannot be written.
    """
    _write(path, _codes(path, pixels, bits), _integer_spec(pixels, bits))


def _describe_colorspace(spec: oiio.ImageSpec, colorspace: str) -> None:
    spec["oiio:ColorSpace"] = colorspace
    if colorspace == check_colorspace("lin_ap0"):
        spec["openexr:ACESContainerPolicy"] = "relaxed"


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
