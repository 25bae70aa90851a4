"""Bands cover a picture once, and squares of pixels are not cut."""

import pytest

from unfade.geometry.bands import bands


@pytest.mark.parametrize(("height", "width"), [(1, 1), (101, 2048), (1556, 2048), (3, 200_000)])
@pytest.mark.parametrize("multiple", [1, 3, 5])
def test_bands_cover_all_lines_in_multiples(height: int, width: int, multiple: int) -> None:
    parts = list(bands(height, width, multiple))
    assert [line for part in parts for line in range(height)[part]] == list(range(height))
    assert all(part.start % multiple == 0 for part in parts)
