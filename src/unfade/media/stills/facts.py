"""What headers of still pictures say beside the pixels, as far as it is to be believed."""

from fractions import Fraction

import OpenImageIO as oiio

from unfade.film.time import exact_rate

_GREATEST_DENOMINATOR = 1001
"""Of the pixel aspects that files store as floats."""

_LEAST_ASPECT, _GREATEST_ASPECT = Fraction(1, 4), Fraction(4)
"""Width / height of a pixel, beyond which a header holds rubbish: film is squeezed by 2 at most."""

_LENGTHS = ("in", "cm", "m")
"""Units in which a resolution is a matter of printing, not of the shape of pixels."""


def text_of(spec: oiio.ImageSpec, name: str) -> str:
    """An entry of a header as text, empty where there is none."""
    return readable(str(spec.get_string_attribute(name)))


def readable(text: str) -> str:
    """A text of a file; bytes that are no UTF-8 become a mark, because records cannot hold them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def rate_of(spec: oiio.ImageSpec) -> Fraction | None:
    """Frames a second; of DPX, the field for film goes before that for television."""
    for name in ("framesPerSecond", "dpx:FrameRate", "dpx:TemporalFrameRate"):
        stored = spec.getattribute(name)
        if isinstance(stored, tuple):
            stored = Fraction(*stored) if all(stored) else None
        if isinstance(stored, float | int | Fraction) and 0 < stored < _GREATEST_RATE:
            return exact_rate(stored)
    return None


_GREATEST_RATE = 1000
"""Frames a second, beyond which a header holds rubbish."""


def pixel_aspect_of(spec: oiio.ImageSpec) -> Fraction:
    """Width / height of a stored pixel, 1 where the header says nothing that can be.

    The resolutions of TIFF, PNG and JPEG are one only where they have no unit of length.
    """
    if text_of(spec, "ResolutionUnit") in _LENGTHS:
        return Fraction(1)
    stored = spec.getattribute("PixelAspectRatio")
    if not isinstance(stored, float | int) or not _LEAST_ASPECT <= stored <= _GREATEST_ASPECT:
        return Fraction(1)
    return Fraction(stored).limit_denominator(_GREATEST_DENOMINATOR)


def orientation_of(spec: oiio.ImageSpec) -> int:
    """1 to 8; readers of TIFF and EXIF take every other number for 1."""
    found = spec.get_int_attribute("Orientation", 1)
    return found if 1 <= found <= 8 else 1
