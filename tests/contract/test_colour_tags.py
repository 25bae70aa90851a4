"""Stills are read in the colour space of their tag, or refused if the tag has none."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from unfade.errors import MediaError
from unfade.film.working_space import WORKING_SPACE
from unfade.media import probe, read_picture, to_space, write_png
from unfade.project.settings import ClipSection

from .conftest import SECTION

CODE = 40
"""A dark 8-bit code, at which the transfer curves differ most."""

SRGB, GAMMA_22, GAMMA_18 = "srgb_texture", "g22_rec709", "g18_rec709"
REC709 = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
SD_TELEVISION = (31270, 32900, 63000, 34000, 31000, 59500, 15500, 7000)
P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


def png(path: Path, chunks: Mapping[str, bytes]) -> Path:
    """An RGB picture of 4 x 2 grey pixels, with these chunks before the pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    lines = (b"\0" + bytes([CODE] * 12)) * 2
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 2, 8, 2, 0, 0, 0))]
    parts += [chunk(kind.encode(), data) for kind, data in chunks.items()]
    parts += [chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def longs(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


def icc(description: str) -> bytes:
    """A version 4 profile that holds only its description."""
    text = description.encode("utf-16-be")
    tag = b"mluc" + bytes(4) + longs(1, 12) + b"enUS" + longs(len(text), 28) + text
    tag += bytes(-len(tag) % 4)
    body = longs(1) + b"desc" + longs(144, len(tag)) + tag
    head = bytearray(128)
    kinds = (b"test", 0x4400000, b"mntr", b"RGB ", b"XYZ ")
    struct.pack_into(">I4sI4s4s4s", head, 0, 128 + len(body), *kinds)
    head[36:40] = b"acsp"
    return bytes(head) + body


def save(path: Path, profile: str | None = None, **entries: object) -> Path:
    spec = oiio.ImageSpec(64, 64, 3, "uint8")
    if profile is not None:
        data = np.frombuffer(icc(profile), np.uint8)
        spec.attribute("ICCProfile", oiio.TypeDesc(f"uint8[{len(data)}]"), data)
    for name, value in entries.items():
        spec[name.replace("__", ":")] = value
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), spec)
    assert image.write_image(np.full((64, 64, 3), CODE, np.uint8))
    assert image.close()
    return path


def in_working_space(space: str) -> float:
    return float(to_space(torch.full((3, 1, 1), CODE / 255), space, WORKING_SPACE)[0, 0, 0])


def assert_read_by(path: Path, space: str) -> None:
    expected = in_working_space(space)
    assert float(read_picture(path)[1, 0, 0]) == pytest.approx(expected, abs=2e-3)
    assert in_working_space(probe(str(path), SECTION).colorspace) == pytest.approx(expected)
    section = ClipSection(path="x", colorspace=WORKING_SPACE)
    assert probe(str(path), section).colorspace == WORKING_SPACE


def test_the_reference_curves_differ() -> None:
    """sRGB of code 40, by hand: light is ((40/255 + 0.055) / 1.055) ** 2.4, the code of it ** (1 /
    2.4)."""
    assert in_working_space(SRGB) == pytest.approx((40 / 255 + 0.055) / 1.055, abs=1e-4)
    assert in_working_space(GAMMA_22) == pytest.approx((40 / 255) ** (2.2 / 2.4), abs=1e-4)


@pytest.mark.parametrize(
    ("chunks", "space"),
    [
        ({}, WORKING_SPACE),
        ({"gAMA": longs(0)}, WORKING_SPACE),  # to be ignored
        ({"gAMA": longs(0), "cHRM": longs(*REC709)}, WORKING_SPACE),
        ({"gAMA": b""}, WORKING_SPACE),
        ({"sRGB": b"\0"}, SRGB),
        ({"sRGB": b"\0", "gAMA": longs(45455), "cHRM": longs(*REC709)}, SRGB),
        ({"gAMA": longs(45455)}, GAMMA_22),
        ({"gAMA": longs(55556), "cHRM": longs(*REC709)}, GAMMA_18),
        ({"gAMA": longs(41667)}, WORKING_SPACE),
        ({"gAMA": longs(100000)}, "lin_rec709"),
        ({"gAMA": longs(50994), "cHRM": longs(*REC709)}, WORKING_SPACE),  # FFmpeg, of HD
        ({"gAMA": longs(50994), "cHRM": longs(*SD_TELEVISION)}, WORKING_SPACE),
        ({"cHRM": longs(*REC709)}, WORKING_SPACE),
        ({"cICP": bytes([1, 1, 0, 1]), "gAMA": longs(45455)}, WORKING_SPACE),
        ({"cICP": bytes([1, 13, 0, 1])}, SRGB),
        ({"cICP": bytes([1, 8, 0, 1])}, "lin_rec709"),
        ({"iCCP": b"sRGB\0\0" + zlib.compress(icc("sRGB IEC61966-2.1"))}, SRGB),
    ],
)
def test_tags_of_png(tmp_path: Path, chunks: dict[str, bytes], space: str) -> None:
    assert_read_by(png(tmp_path / "a.png", chunks), space)


def test_a_gamma_of_zero_is_ignored(tmp_path: Path) -> None:
    clip = probe(str(png(tmp_path / "a.png", {"gAMA": longs(0)})), SECTION)
    assert "colorspace" in clip.assumed


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        ({"gAMA": longs(62500)}, "gamma 1.6"),
        ({"gAMA": longs(45455), "cHRM": longs(*P3)}, "gamma 2.2 and chromaticities 0.3127"),
        ({"cHRM": longs(*P3)}, "chromaticities"),
        ({"cICP": bytes([9, 16, 0, 1])}, "cICP 9/16/0/1"),
        ({"cICP": bytes([1, 1, 0, 0])}, r"cICP 1/1/0/0 \(limited range\)"),
        ({"iCCP": b"x\0\0" + zlib.compress(icc("ProPhoto RGB"))}, "ProPhoto RGB"),
        ({"iCCP": b"x\0\0" + zlib.compress(b"rubbish")}, "an ICC profile without a name"),
    ],
)
def test_tags_without_a_space_are_named(
    tmp_path: Path, chunks: dict[str, bytes], says: str
) -> None:
    path = png(tmp_path / "a.png", chunks)
    for reader in (read_picture, lambda path: probe(str(path), SECTION)):
        with pytest.raises(MediaError, match=rf"a.png: is tagged as '{says}.*; name one as 'colo"):
            reader(path)
    assert float(read_picture(path, WORKING_SPACE)[0, 0, 0]) == pytest.approx(CODE / 255)


@pytest.mark.parametrize("offset", [(1, 1), (-2, -1), (50, 50)])
def test_a_page_offset_is_not_a_display_window(tmp_path: Path, offset: tuple[int, int]) -> None:
    path = png(tmp_path / "a.png", {"oFFs": struct.pack(">iiB", *offset, 0)})
    assert read_picture(path).shape == (3, 2, 4)
    assert float(read_picture(path).min()) == pytest.approx(CODE / 255)
    assert probe(str(path), SECTION).width == 4


@pytest.mark.parametrize("suffix", ["tif", "jpg", "jp2", "png"])
@pytest.mark.parametrize(
    ("profile", "space"),
    [
        ("sRGB IEC61966-2.1", SRGB),
        ("GIMP built-in Linear sRGB", "lin_rec709"),
        ("Display P3", "srgb_p3d65"),
        ("Adobe RGB (1998)", "adobergb"),
        ("Rec. 709 Gamma 2.4", WORKING_SPACE),
    ],
)
def test_icc_profiles(tmp_path: Path, suffix: str, profile: str, space: str) -> None:
    assert_read_by(save(tmp_path / f"a.{suffix}", profile), space)


@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_exif(tmp_path: Path, suffix: str) -> None:
    assert_read_by(save(tmp_path / f"a.{suffix}", Exif__ColorSpace=1), SRGB)
    assert_read_by(save(tmp_path / f"b.{suffix}"), WORKING_SPACE)


def test_a_profile_without_a_colour_space_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", "EPSON scanner 2007")
    with pytest.raises(MediaError, match="is tagged as 'EPSON scanner 2007'"):
        read_picture(path)


@pytest.mark.parametrize("bits", [8, 16])
def test_pngs_of_unfade_are_tagged_and_read_back(tmp_path: Path, bits: int) -> None:
    """The tag of a frame for painting names the gamma of 2.4 to the painting program."""
    write_png(tmp_path / "a.png", torch.full((3, 4, 4), CODE / 255), bits=bits)
    assert b"gAMA" + longs(41667) in (tmp_path / "a.png").read_bytes()
    assert b"sRGB" not in (tmp_path / "a.png").read_bytes()
    assert float(read_picture(tmp_path / "a.png")[0, 0, 0]) == pytest.approx(CODE / 255)
