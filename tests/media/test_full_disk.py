"""A picture that does not fit on the disk is an error, and leaves no file: a limit of the size of
files stands for the end of the disk."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from unfade import media
from unfade.errors import UnfadeError

HEIGHT, WIDTH = 64, 96
MISSING_BYTES = (1, 100, 3_000, 12_000)
"""What does not fit, at the end of a file: less and more than what a library holds back until it
closes a file, which is 4 kB."""

Write = Callable[[Path, torch.Tensor], object]


def write_movie(path: Path, rgb: torch.Tensor) -> None:
    codec = {".mov": "prores_ks", ".mp4": "libx264"}[path.suffix]
    layout = {".mov": "yuv422p10le", ".mp4": "yuv420p"}[path.suffix]
    with media.MovieWriter(
        path, codec=codec, width=WIDTH, height=HEIGHT, rate=Fraction(24), pixel_format=layout
    ) as movie:
        movie.write(rgb)


WRITERS: dict[str, Write] = {
    "zip.exr": lambda path, rgb: media.write_exr(path, rgb, colorspace="ACEScg"),
    "plain.exr": lambda path, rgb: media.write_exr(
        path, rgb, colorspace="ACEScg", compression="none"
    ),
    "dwaa.exr": lambda path, rgb: media.write_exr(
        path, rgb, colorspace="ACEScg", compression="dwaa"
    ),
    "zip.tif": lambda path, rgb: media.write_tiff(path, rgb, colorspace="ACEScg"),
    "plain.tif": lambda path, rgb: media.write_tiff(
        path, rgb, colorspace="ACEScg", compression="none"
    ),
    "10.dpx": lambda path, rgb: media.write_dpx(path, rgb),
    "16.dpx": lambda path, rgb: media.write_dpx(path, rgb, bits=16),
    "8.png": lambda path, rgb: media.write_png(path, rgb),
    "16.png": lambda path, rgb: media.write_png(path, rgb, bits=16),
    "movie.mov": write_movie,
    "movie.mp4": write_movie,
}


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may be longer than some bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", WRITERS)
def test_a_picture_that_does_not_fit_is_an_error_and_leaves_nothing(
    tmp_path: Path, name: str
) -> None:
    rgb = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    path = tmp_path / name
    WRITERS[name](path, rgb)
    size = path.stat().st_size
    path.unlink()
    for missing in (*MISSING_BYTES, size):
        with largest_file(max(size - missing, 0)), pytest.raises(UnfadeError, match="cannot be"):
            WRITERS[name](path, rgb)
        assert not [*tmp_path.iterdir()]
