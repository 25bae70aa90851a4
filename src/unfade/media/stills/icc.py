"""The ICC profile of the working space: Rec.709 primaries, white D65, gamma 2.4.

Source: ICC.1:2010 (profile version 4.3). The profile is written here, because none of the libraries
in use writes profiles.
"""

import functools
import struct

_D50 = (0.9642, 1.0, 0.8249)
"""X, Y, Z of D50, the white of the profile connection space."""
_PRIMARIES = {
    "rXYZ": (0.43607, 0.22249, 0.01392),
    "gXYZ": (0.38515, 0.71687, 0.09708),
    "bXYZ": (0.14307, 0.06061, 0.71410),
}
"""X, Y, Z of the Rec.709 primaries, adapted from D65 to D50 by Bradford's method; their sum is
white."""
_D65_TO_D50 = (1.04788, 0.02292, -0.05022, 0.02959, 0.99048, -0.01707, -0.00925, 0.01508, 0.75168)
"""Bradford's matrix from D65 to D50, by rows."""
_GAMMA = 2.4
"""Exponent of the working space."""
_NAME = "Gamma 2.4 Rec.709"
"""Description of the profile; `color_tags` recognises the working space by it."""
_HEADER_BYTES = 128
"""Length of a profile header in bytes."""


@functools.cache
def working_space_profile() -> bytes:
    """The profile; always the same bytes."""
    curve = b"para" + struct.pack(">4xHxx", 0) + _fixed(_GAMMA)
    tags = {
        "desc": _text(_NAME),
        "cprt": _text("No copyright, use freely"),
        "wtpt": _xyz(_D50),
        "chad": b"sf32" + bytes(4) + _fixed(*_D65_TO_D50),
        **{name: _xyz(value) for name, value in _PRIMARIES.items()},
        "rTRC": curve,
        "gTRC": curve,
        "bTRC": curve,
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = _HEADER_BYTES + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name.encode(), start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    return _header(size) + table + body


def _header(size: int) -> bytes:
    version, date = 0x04300000, (2026, 1, 1, 0, 0, 0)
    kind = b"mntrRGB XYZ "
    head = struct.pack(">I4xI12s6H4s", size, version, kind, *date, b"acsp")
    head += bytes(28) + _fixed(*_D50)
    return head.ljust(_HEADER_BYTES, b"\0")


def _fixed(*values: float) -> bytes:
    """Numbers in s15Fixed16 format."""
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*value)


def _text(text: str) -> bytes:
    """A text in multiLocalizedUnicode format, in English."""
    encoded = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">4xII4sII", 1, 12, b"enUS", len(encoded), 28) + encoded
