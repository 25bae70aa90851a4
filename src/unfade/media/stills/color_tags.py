"""Reads the colour space tags of display-referred stills."""

import re
import struct
from dataclasses import dataclass

import OpenImageIO as oiio

from unfade.film.working_space import WORKING_SPACE
from unfade.media.color_management import check_colorspace, is_colorspace
from unfade.media.stills.facts import text_of
from unfade.project.color_config import ColorManagement

_SRGB, _LINEAR, _GAMMA_18, _GAMMA_22 = "srgb_texture", "lin_rec709", "g18_rec709", "g22_rec709"
_P3, _ADOBE = "srgb_p3d65", "adobergb"
"""Aliases of colour spaces in the ACES configs."""

_PROFILES = (
    (r"linear|[-_ ]g10\b", _LINEAR),
    (r"display ?p3", _P3),
    (r"adobe ?rgb", _ADOBE),
    (r"rec\.? ?709.*2\.4|gamma 2\.4.*rec\.? ?709", WORKING_SPACE),
    (r"gr[ae]y gamma 2\.2", _GAMMA_22),
    (r"srgb", _SRGB),
)
"""Patterns of ICC profile descriptions, in lower case, and their spaces; the first match counts."""

_CICP_TRANSFERS = {
    1: WORKING_SPACE,
    2: WORKING_SPACE,
    4: _GAMMA_22,
    6: WORKING_SPACE,
    8: _LINEAR,
    13: _SRGB,
    14: WORKING_SPACE,
    15: WORKING_SPACE,
}
"""Spaces by the transfer number of ITU-T H.273, for the primaries below. Video is displayed with
gamma 2.4."""

_CICP_PRIMARIES = (1, 2, 5, 6)
"""BT.709, unspecified, and the primaries of SD television, which are taken as BT.709 in movies
too."""

_GAMMAS = (
    (1 / 1.8, _GAMMA_18),
    (1 / 1.961, WORKING_SPACE),
    (1 / 2.2, _GAMMA_22),
    (1 / 2.4, WORKING_SPACE),
    (1.0, _LINEAR),
)
"""Spaces by the encoding exponent of PNG; FFmpeg writes 1 / 1.961 for BT.709."""

_GAMMA_TOLERANCE = 0.003
"""Largest difference of an exponent from an entry, for rounded values; entries are 0.037 or more
apart."""
_REC709_CHROMATICITIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""x and y of white, red, green and blue, in the order of the PNG chunk cHRM."""
_CHROMATICITY_TOLERANCE = 0.015
"""Largest difference in x or y; it accepts the primaries of SD television and excludes P3."""

_PNG_SIGNATURE_BYTES, _PNG_CHUNK_HEAD = 8, struct.Struct(">I4s")
"""Length of the PNG signature in bytes, and layout of a chunk header: length and type."""
_MAX_CHUNK_BYTES = 4 * 2**20
"""Bytes of a PNG chunk that are read: more than any ICC profile has."""
_DEFAULTS_TO_SRGB = ("png", "jpeg", "jpeg2000", "bmp")
"""Formats for which OpenImageIO reports sRGB if the file has no tag."""


NamedTag = tuple[str, str | None]
"""A tag in words and the name of its colour space, None if the tag is not known."""


@dataclass(frozen=True)
class ColorTag:
    """`text` is the tag in words; `space` is a name in the config, None if the config has no such
    space."""

    text: str
    space: str | None


def color_tag_of(
    path: str, spec: oiio.ImageSpec, file_format: str, colors: ColorManagement
) -> ColorTag | None:
    """The colour space tag of a still, None if it has none."""
    named = _named_tag(path, spec, file_format)
    if named is None:
        return None
    text, space = named
    known = space is not None and is_colorspace(space, colors)
    return ColorTag(text, check_colorspace(space, colors) if known and space else None)


def _named_tag(path: str, spec: oiio.ImageSpec, file_format: str) -> NamedTag | None:
    """The tag of a still in words and the name of its space, None if it has no tag."""
    chunks = _png_chunks(path) if file_format == "png" else {}
    if "cICP" in chunks and len(chunks["cICP"]) == 4:
        return _of_cicp(tuple(chunks["cICP"]))
    profile = text_of(spec, "ICCProfile:profile_description").strip("\0 ")
    if profile or "iCCP" in chunks or spec.getattribute("ICCProfile") is not None:
        return _of_profile(profile or "an ICC profile without a name")
    if "sRGB" in chunks:
        return ("sRGB", _SRGB)
    exponents, chromaticities = (_numbers(chunks.get(name, b"")) for name in ("gAMA", "cHRM"))
    if any(exponents) or chromaticities:  # readers of PNG are to ignore a gAMA of 0
        return _of_gamma(exponents[0] if exponents else 0.0, chromaticities)
    exif = spec.get_int_attribute("Exif:ColorSpace", 0)
    if exif in (1, 2):
        return ("sRGB", _SRGB) if exif == 1 else ("Adobe RGB", _ADOBE)
    named = text_of(spec, "oiio:ColorSpace")
    if named and file_format not in _DEFAULTS_TO_SRGB:
        return (named, named)
    return None


def _of_profile(description: str) -> NamedTag:
    fitting = (name for words, name in _PROFILES if re.search(words, description.lower()))
    return (description, next(fitting, None))


def _of_cicp(numbers: tuple[int, ...]) -> NamedTag:
    primaries, transfer, _, full = numbers
    text = "cICP " + "/".join(map(str, numbers))
    if not full:
        return (f"{text} (limited range)", None)
    if (primaries, transfer) == (12, 13):
        return (text, _P3)
    return (text, _CICP_TRANSFERS.get(transfer) if primaries in _CICP_PRIMARIES else None)


def _of_gamma(exponent: float, chromaticities: tuple[float, ...]) -> NamedTag:
    parts = [f"gamma {1 / exponent:.3g}"] if exponent else []
    if chromaticities:
        parts.append("chromaticities " + " ".join(f"{value:g}" for value in chromaticities))
    text = " and ".join(parts)
    is_709 = all(
        abs(expected - stored) < _CHROMATICITY_TOLERANCE
        for expected, stored in zip(_REC709_CHROMATICITIES, chromaticities, strict=False)
    )
    if not exponent:
        return (text, WORKING_SPACE if is_709 else None)
    near = (name for gamma, name in _GAMMAS if abs(gamma - exponent) < _GAMMA_TOLERANCE)
    return (text, next(near, None) if is_709 else None)


def _numbers(chunk: bytes) -> tuple[float, ...]:
    count = len(chunk) // 4
    return tuple(value / 100_000 for value in struct.unpack_from(f">{count}I", chunk))


def _png_chunks(path: str) -> dict[str, bytes]:
    """The chunks with colour information before the pixels, by type."""
    chunks: dict[str, bytes] = {}
    with open(path, "rb") as file:
        file.seek(_PNG_SIGNATURE_BYTES)
        while len(head := file.read(_PNG_CHUNK_HEAD.size)) == _PNG_CHUNK_HEAD.size:
            length, kind = _PNG_CHUNK_HEAD.unpack(head)
            if kind == b"IDAT":
                break
            if kind in (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"):
                chunks[kind.decode()] = file.read(min(length, _MAX_CHUNK_BYTES))
                length -= len(chunks[kind.decode()])
            file.seek(length + 4, 1)
    return chunks
