"""Reads and writes frame metadata: rate, pixel aspect, timecode, keycode and date."""

import re
from dataclasses import dataclass
from fractions import Fraction

import OpenImageIO as oiio

from unfade.film.clip import Clip
from unfade.media.stills.facts import text_of
from unfade.media.stills.files import open_still
from unfade.media.stills.sequences import parse_pattern
from unfade.media.stills.timecode import pack_timecode

_CAPTURED = re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d")
"""Date and time as DPX and TIFF write them."""

Keycode = tuple[int, ...]
"""SMPTE ST 254: manufacturer, film type, prefix, count, offset and perforations of a frame."""


@dataclass(frozen=True)
class FrameTags:
    """Metadata of a frame.

    `rate` is in frames per second, `pixel_aspect` is width / height of a pixel, `timecode` is as in
    `Clip`, `captured` is the time at which the scanner wrote the frame, such as ``"1999:12:31
    23:59:59"``.
    """

    rate: Fraction | None = None
    pixel_aspect: Fraction = Fraction(1)
    timecode: str | None = None
    keycode: Keycode | None = None
    captured: str | None = None

    def as_text(self) -> dict[str, str]:
        """The known tags as text, by name."""
        keycode = " ".join(str(part) for part in self.keycode) if self.keycode else None
        named = {
            "rate": str(self.rate) if self.rate else None,
            "pixel_aspect": str(self.pixel_aspect),
            "timecode": self.timecode,
            "keycode": keycode,
            "captured": self.captured,
        }
        return {name: value for name, value in named.items() if value is not None}


def read_tags(clip: Clip, frame: int) -> FrameTags:
    """The tags of a frame: keycode and date from its own file unless that is damaged, the others
    from the clip.

    Raises:
        MediaError: the frame's file is missing or is not a picture.
    """
    timecode = clip.timecode_of(frame)
    tags = FrameTags(clip.rate, clip.pixel_aspect, timecode)
    if clip.kind == "movie" or frame in clip.damage:
        return tags
    pattern = parse_pattern(clip.path) if clip.kind == "sequence" else None
    with open_still(pattern.path(frame) if pattern else clip.path) as still:
        spec = still.spec
    return FrameTags(
        clip.rate,
        clip.pixel_aspect,
        timecode,
        spec.getattribute("smpte:KeyCode"),
        _captured(spec),
    )


def put_tags(spec: oiio.ImageSpec, tags: FrameTags) -> None:
    """Writes tags into a header; the same tags give the same header."""
    spec["PixelAspectRatio"] = float(tags.pixel_aspect)
    spec["DateTime"] = tags.captured or ""
    if tags.rate is not None:
        ratio = (tags.rate.numerator, tags.rate.denominator)
        spec.attribute("framesPerSecond", oiio.TypeRational, ratio)
        spec["dpx:FrameRate"] = float(tags.rate)
    if tags.timecode is not None:
        spec.attribute("smpte:TimeCode", oiio.TypeTimeCode, (pack_timecode(tags.timecode), 0))
    if tags.keycode is not None:
        spec.attribute("smpte:KeyCode", oiio.TypeKeyCode, tags.keycode)


def _captured(spec: oiio.ImageSpec) -> str | None:
    stored = text_of(spec, "DateTime")
    return stored if _CAPTURED.fullmatch(stored) else None
