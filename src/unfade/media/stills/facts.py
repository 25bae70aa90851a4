"""Reads header entries of still pictures, and ignores implausible values."""

from fractions import Fraction

import OpenImageIO as oiio

from unfade.film.time import exact_rate

_MAX_ASPECT_DENOMINATOR = 1001
"""Largest denominator of a pixel aspect that a file stores as a float."""

_MIN_ASPECT, _MAX_ASPECT = Fraction(1, 4), Fraction(4)
"""Smallest and largest plausible pixel aspect (width / height): anamorphic film is squeezed by at
most 2."""

_LENGTH_UNITS = ("in", "cm", "m")
"""Units of length: a resolution with one describes printing, not the shape of pixels."""


def text_of(spec: oiio.ImageSpec, name: str) -> str:
    """A header entry as text, empty if there is none."""
    return readable(str(spec.get_string_attribute(name)))


def readable(text: str) -> str:
    """A text as valid UTF-8; invalid bytes become a replacement character, because records cannot
    hold them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def rate_of(spec: oiio.ImageSpec) -> Fraction | None:
    """Frames per second; in DPX the film field takes precedence over the television field."""
    for name in ("framesPerSecond", "dpx:FrameRate", "dpx:TemporalFrameRate"):
        stored = spec.getattribute(name)
        if isinstance(stored, tuple):
            stored = Fraction(*stored) if all(stored) else None
        if isinstance(stored, float | int | Fraction) and 0 < stored < _MAX_RATE:
            return exact_rate(stored)
    return None


_MAX_RATE = 1000
"""Frames per second, from which a header is implausible."""


def pixel_aspect_of(spec: oiio.ImageSpec) -> Fraction:
    """Width / height of a stored pixel, 1 if the header has no plausible value.

    The resolutions of TIFF, PNG and JPEG give a pixel aspect only if they have no unit of length.
    """
    if text_of(spec, "ResolutionUnit") in _LENGTH_UNITS:
        return Fraction(1)
    stored = spec.getattribute("PixelAspectRatio")
    if not isinstance(stored, float | int) or not _MIN_ASPECT <= stored <= _MAX_ASPECT:
        return Fraction(1)
    return Fraction(stored).limit_denominator(_MAX_ASPECT_DENOMINATOR)


def orientation_of(spec: oiio.ImageSpec) -> int:
    """EXIF orientation, 1 to 8; other numbers count as 1, as readers of TIFF and EXIF do."""
    stored = spec.get_int_attribute("Orientation", 1)
    return stored if 1 <= stored <= 8 else 1
