"""Whether a picture that was written is whole.

On a full disk OpenImageIO reports no error for PNG, nor for the end of a file of another format,
which it writes when it closes the file.
"""

from pathlib import Path
from zlib import crc32

import OpenImageIO as oiio

_PNG_SIGNATURE_BYTES = 8
"""Bytes before the first chunk of a PNG."""

_PNG_LAST_CHUNK = b"\0\0\0\0IEND\xaeB`\x82"
"""The chunk that ends every PNG, without data."""


def is_whole(path: Path) -> bool:
    """Whether all of a picture is on the disk: for PNG, the checksums of all its chunks; for other
    formats, whose other write errors are reported, its last line, which lies at their end."""
    if path.suffix.lower() == ".png":
        return _is_whole_png(path.read_bytes())
    image = oiio.ImageInput.open(str(path))
    if image is None:
        oiio.geterror()
        return False
    spec = image.spec()
    return image.read_scanline(spec.y + spec.height - 1, 0, spec.format) is not None


def _is_whole_png(content: bytes) -> bool:
    view, start = memoryview(content), _PNG_SIGNATURE_BYTES
    while start < len(content):
        end = start + 8 + int.from_bytes(view[start : start + 4], "big")
        if crc32(view[start + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            return False
        start = end + 4
    return content.endswith(_PNG_LAST_CHUNK)
