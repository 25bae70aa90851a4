"""The orientation in a header is followed, and can be overruled."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from unfade.film.clip import Orientation
from unfade.film.working_space import WORKING_SPACE
from unfade.media import probe, read_frame, read_picture, write_dpx
from unfade.project.settings import ClipSection

Make = Callable[[Path, int], Path]

SHOWN = torch.arange(4 * 6 * 3).reshape(4, 6, 3).permute(2, 0, 1) / 255
"""The upright picture."""

STORED_FROM_SHOWN = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: np.rot90(p, 1)[:, ::-1],
    8: lambda p: np.rot90(p, -1),
}
DPX_FIELD = {1: 0, 2: 1, 4: 2, 3: 3, 5: 4, 6: 5, 8: 6, 7: 7}
"""Field 2.1 of SMPTE ST 268-1, by the TIFF orientation of the same meaning."""


def stored(orientation: int) -> np.ndarray:
    """(H, W, 3) 8-bit codes of the raster that shows `SHOWN` in this orientation."""
    codes = (SHOWN.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return np.ascontiguousarray(STORED_FROM_SHOWN[orientation](codes))


def tiff(path: Path, orientation: int, pixel_aspect: float = 1.0) -> Path:
    codes = stored(orientation)
    spec = oiio.ImageSpec(codes.shape[1], codes.shape[0], 3, "uint8")
    spec["Orientation"] = orientation
    spec["PixelAspectRatio"] = pixel_aspect
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), spec)
    assert image.write_image(codes)
    assert image.close()
    return path


def dpx(path: Path, orientation: int) -> Path:
    codes = torch.from_numpy(stored(orientation)).permute(2, 0, 1) / 255
    write_dpx(path, codes, bits=8)
    data = bytearray(path.read_bytes())
    order = ">" if data[:4] == b"SDPX" else "<"
    struct.pack_into(order + "H", data, 768, DPX_FIELD[orientation])
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("make", "orientation"), [(tiff, o) for o in range(1, 9)] + [(dpx, o) for o in range(1, 5)]
)
def test_pictures_are_read_as_they_are_shown(tmp_path: Path, make: Make, orientation: int) -> None:
    suffix = "tif" if make is tiff else "dpx"
    path = make(tmp_path / f"a.0001.{suffix}", orientation)
    clip = probe(str(tmp_path / f"a.%04d.{suffix}"), ClipSection(path="x"))
    assert (clip.orientation, clip.width, clip.height) == (orientation, 6, 4)
    for picture in (read_picture(path), read_frame(clip, 1)):
        torch.testing.assert_close(picture, SHOWN, atol=1e-6, rtol=0)


def test_pixels_of_a_turned_picture(tmp_path: Path) -> None:
    """Stored pixels twice as wide as high are half as wide as high after a quarter turn."""
    path = tiff(tmp_path / "a.tif", 6, pixel_aspect=2.0)
    assert probe(str(path), ClipSection(path="x")).pixel_aspect == Fraction(1, 2)
    section = ClipSection(path="x", pixel_aspect=Fraction(1))
    assert probe(str(path), section).pixel_aspect == 1


@pytest.mark.parametrize(("word", "as_stored"), [("as-stored", True), ("turn-270", False)])
def test_film_toml_overrules_the_header(tmp_path: Path, word: Orientation, as_stored: bool) -> None:
    path = tiff(tmp_path / "a.tif", 6)
    clip = probe(str(path), ClipSection(path="x", orientation=word))
    assert (clip.width, clip.height) == ((4, 6) if as_stored else (6, 4))
    expected = torch.from_numpy(stored(6)).permute(2, 0, 1) / 255 if as_stored else SHOWN.flip(1, 2)
    torch.testing.assert_close(read_frame(clip, 0), expected, atol=1e-6, rtol=0)
    assert clip.colorspace == WORKING_SPACE
