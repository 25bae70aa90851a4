"""Bands of lines of a picture, so small that what is computed on one stays in a core's cache."""

from collections.abc import Iterator

BAND_PIXELS = 1 << 16
"""About the number of pixels of a band, so that memory holds no further planes of the picture."""


def bands(height: int, width: int) -> Iterator[slice]:
    """The lines of each band, from top to bottom."""
    lines = max(1, BAND_PIXELS // width)
    return (slice(top, min(top + lines, height)) for top in range(0, height, lines))
