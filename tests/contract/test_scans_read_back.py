"""Scans as other software writes them: every packing of DPX, log densities, parts of EXR.

The DPX and Cineon files are written here byte by byte after their standards (SMPTE ST 268-1,
Kodak's Cineon 4.5), so that the test does not depend on the library that reads them.
"""

import struct
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from unfade.errors import MediaError
from unfade.film.working_space import WORKING_SPACE
from unfade.media import probe, read, read_picture, to_space, write_dpx
from unfade.project.settings import ClipSection

PACKED, FILLED_A, FILLED_B = 0, 1, 2
LINEAR, PRINTING_DENSITY, USER_DEFINED = 2, 1, 0
HEADER = 2048
WIDTH, HEIGHT = 22, 10


def samples(bits: int) -> np.ndarray:
    """(H, W, 3) codes that use every bit."""
    return np.random.default_rng(bits).integers(0, 2**bits, (HEIGHT, WIDTH, 3))


def words_of_line(line: list[int], bits: int, packing: int, order: str) -> bytes:
    """The codes of a line, packed after ST 268-1, annex C."""
    if bits == 8:
        return bytes(line) + bytes(-len(line) % 4)
    if bits == 16:
        return struct.pack(f"{order}{len(line)}H", *line)
    if packing == PACKED:
        stream = sum(code << (bits * index) for index, code in enumerate(line))
        words = -(-bits * len(line) // 32)
        parts = [stream >> (32 * index) & 0xFFFFFFFF for index in range(words)]
        return struct.pack(f"{order}{words}I", *parts)
    if bits == 12:
        shift = 4 if packing == FILLED_A else 0
        return struct.pack(f"{order}{len(line)}H", *(code << shift for code in line))
    padded = line + [0] * (-len(line) % 3)
    shift = 2 if packing == FILLED_A else 0
    triples = zip(padded[0::3], padded[1::3], padded[2::3], strict=True)
    words_10 = [(a << 20 | b << 10 | c) << shift for a, b, c in triples]
    return struct.pack(f"{order}{len(words_10)}I", *words_10)


def dpx(
    path: Path, codes: np.ndarray, bits: int, packing: int, order: str, transfer: int = USER_DEFINED
) -> Path:
    height, width = codes.shape[:2]
    lines = [
        words_of_line([int(code) for code in line.flatten()], bits, packing, order)
        for line in codes
    ]
    header = bytearray(HEADER)

    def put(offset: int, kind: str, *values: object) -> None:
        struct.pack_into(order + kind, header, offset, *values)

    put(0, "I", 0x53445058)
    put(4, "I", HEADER)
    put(8, "8s", b"V2.0")
    put(16, "I", HEADER + sum(len(line) for line in lines))
    put(24, "III", HEADER - 384, 384, 0)
    put(768, "HHII", 0, 1, width, height)
    put(780, "IIfIf", 0, 0, 0.0, 2**bits - 1, 2.046)
    put(800, "BBBB", 50, transfer, transfer, bits)
    put(804, "HHIII", packing, 0, HEADER, -3 * width % 4 if bits == 8 else 0, 0)
    put(1628, "II", 1, 1)
    put(1920, "I", 0xFFFFFFFF)
    put(1940, "f", 24.0)
    path.write_bytes(bytes(header) + b"".join(lines))
    return path


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize(
    ("bits", "packing"),
    [
        (8, PACKED),
        (10, PACKED),
        (10, FILLED_A),
        (10, FILLED_B),
        (12, PACKED),
        (12, FILLED_A),
        (12, FILLED_B),
        (16, PACKED),
    ],
)
def test_packings_of_dpx(tmp_path: Path, bits: int, packing: int, order: str) -> None:
    codes = samples(bits)
    path = dpx(tmp_path / "a.dpx", codes, bits, packing, order)
    clip = probe(str(path), ClipSection(path="x"))
    assert (clip.width, clip.height, clip.rate, clip.timecode) == (WIDTH, HEIGHT, 24, None)
    picture = read_picture(path).permute(1, 2, 0).double().numpy() * (2**bits - 1)
    np.testing.assert_allclose(picture, codes, atol=(2**bits - 1) * 1e-7)


@pytest.mark.parametrize("transfer", [LINEAR, PRINTING_DENSITY])
def test_codes_that_are_not_video_need_a_colour_space(tmp_path: Path, transfer: int) -> None:
    path = str(dpx(tmp_path / "a.dpx", samples(10), 10, FILLED_A, ">", transfer))
    with pytest.raises(MediaError, match="does not say which colour space it is in; name it"):
        probe(path, ClipSection(path="x"))


def test_a_log_scan_is_read_and_written(tmp_path: Path) -> None:
    """Printing density of ST 2065-3; film.toml names the colour space."""
    codes = np.repeat(np.arange(95, 95 + 40 * 20, 20).reshape(4, 10, 1), 3, axis=2)
    codes[:, :, 0] += 30
    path = dpx(tmp_path / "a.0001.dpx", codes, 10, FILLED_A, ">", PRINTING_DENSITY)
    clip = probe(str(path), ClipSection(path="x", colorspace="adx10"))
    assert clip.colorspace == "ADX10"
    pixels = next(picture for _, picture in read(clip, [0]))
    stored = torch.from_numpy(codes / 1023).permute(2, 0, 1).float()
    assert torch.equal(pixels, to_space(stored, "ADX10", WORKING_SPACE))
    brightness = pixels[1].flatten()
    assert bool((brightness[1:] > brightness[:-1]).all())
    assert float(pixels.max()) > 1
    assert write_dpx(tmp_path / "b.dpx", pixels, bits=10, colorspace="ADX10") == 0
    np.testing.assert_allclose(
        read_picture(tmp_path / "b.dpx", "ADX10"), read_picture(path, "ADX10"), atol=1e-6
    )
    spec = oiio.ImageInput.open(str(tmp_path / "b.dpx")).spec()
    assert spec["dpx:Transfer"] == "Printing density"


def test_cineon(tmp_path: Path) -> None:
    codes = samples(10)
    lines = [words_of_line([int(c) for c in line.flatten()], 10, FILLED_A, ">") for line in codes]
    header = bytearray(HEADER)
    struct.pack_into(">IIIIII", header, 0, 0x802A5FD7, HEADER, 1024, 1024, 0, HEADER + 1)
    struct.pack_into(">8s", header, 24, b"V4.5")
    struct.pack_into(">BBBB", header, 192, 0, 3, 0, 0)
    for channel in range(3):
        offset = 196 + 28 * channel
        struct.pack_into(">BBBBII", header, offset, 0, channel + 1, 10, 0, WIDTH, HEIGHT)
        struct.pack_into(">ffff", header, offset + 12, 0.0, 0.0, 1023.0, 2.046)
    struct.pack_into(">BBBB", header, 680, 0, 5, 0, 0)
    path = tmp_path / "a.cin"
    path.write_bytes(bytes(header) + b"".join(lines))
    with pytest.raises(MediaError, match="does not say which colour space"):
        probe(str(path), ClipSection(path="x"))
    picture = read_picture(path, WORKING_SPACE).permute(1, 2, 0).numpy() * 1023
    np.testing.assert_allclose(picture, codes, atol=0.01)


def multi_part(path: Path) -> Path:
    specs = []
    for name, channels in (("depth", ("Z",)), ("beauty", ("R", "G", "B", "A"))):
        spec = oiio.ImageSpec(6, 4, len(channels), "half")
        spec.channelnames = channels
        spec["oiio:subimagename"] = name
        spec["oiio:ColorSpace"] = "lin_ap0_scene"
        specs.append(spec)
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), tuple(specs))
    assert image.write_image(np.full((4, 6, 1), 9, np.float32))
    assert image.open(str(path), specs[1], "AppendSubimage")
    assert image.write_image(np.full((4, 6, 4), 0.5, np.float32))
    assert image.close()
    return path


def test_the_part_with_colours_of_a_multi_part_file(tmp_path: Path) -> None:
    path = multi_part(tmp_path / "a.exr")
    clip = probe(str(path), ClipSection(path="x"))
    assert (clip.colorspace, clip.ignored) == ("ACES2065-1", ("A",))
    assert torch.equal(read_picture(path, WORKING_SPACE), torch.full((3, 4, 6), 0.5))
