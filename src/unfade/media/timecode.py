"""Timecodes as headers of pictures hold them."""

import re

import OpenImageIO as oiio

from unfade.errors import MediaError

_DROP_FRAME = 1 << 6
"""Of the first word of a timecode, packed as SMPTE ST 12-1 packs it for video."""

_UNSET = 0xFFFFFFFF


def pack_timecode(text: str) -> int:
    """A timecode as a 32-bit word: two decimal digits a byte, frames last."""
    digits = int(re.sub(r"\D", "", text), 16)
    return digits | (_DROP_FRAME if text[8] == ";" else 0)


def unpack_timecode(word: int) -> str:
    """The timecode that a 32-bit word holds; the flags beside drop frame are left out."""
    hours, minutes, seconds, frames = (
        f"{word >> shift & mask:02x}"
        for shift, mask in ((24, 0x3F), (16, 0x7F), (8, 0x7F), (0, 0x3F))
    )
    return f"{hours}:{minutes}:{seconds}{';' if word & _DROP_FRAME else ':'}{frames}"


def timecode_of(path: str, spec: oiio.ImageSpec) -> str | None:
    """The timecode in the header of a still, none where there is none.

    Raises:
        MediaError: what it holds is no timecode.
    """
    words = spec.getattribute("smpte:TimeCode")
    if words is None or words[0] == _UNSET:
        return None
    text = unpack_timecode(words[0])
    if re.search("[a-f]", text):
        raise MediaError(
            f"{path}: its timecode {words[0]:08x} is damaged; set 'timecode' to the right one or "
            "to 'none'"
        )
    return text
