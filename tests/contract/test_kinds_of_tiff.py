"""All kinds of TIFF that the specification allows are read as displayed, or refused by name."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from unfade.errors import MediaError
from unfade.film.working_space import WORKING_SPACE
from unfade.media import probe, read_frame, read_picture
from unfade.project.settings import ClipSection

from .conftest import SECTION

SHORT, LONG, RATIONAL = 3, 4, 5
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK, LAB = 0, 1, 2, 5, 8
Tag = tuple[int, int, list[int]]


def tiff(
    path: Path, data: bytes, shape: tuple[int, int, int], bits: int, kind: int, *more: Tag
) -> Path:
    """A file of one strip, byte by byte after TIFF 6.0; `more` are further tags: number, type and
    values."""
    height, width, channels = shape
    tags: list[Tag] = [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [bits] * channels),
        (259, SHORT, [1]),
        (262, SHORT, [kind]),
        (273, LONG, [0]),
        (277, SHORT, [channels]),
        (278, LONG, [height]),
        (279, LONG, [len(data)]),
        *more,
    ]
    tags.sort()
    far_offset = 8 + 2 + 12 * len(tags) + 4
    entries, far = b"", b""
    for number, kind_of_value, values in tags:
        if number == 273:
            values = [far_offset + sum(_far_bytes(tag) for tag in tags)]
        raw = struct.pack(f"<{len(values)}{'H' if kind_of_value == SHORT else 'I'}", *values)
        count = len(values) // (2 if kind_of_value == RATIONAL else 1)
        if len(raw) > 4:
            raw, far = struct.pack("<I", far_offset + len(far)), far + raw
        entries += struct.pack("<HHI", number, kind_of_value, count) + raw.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    path.write_bytes(head + entries + bytes(4) + far + data)
    return path


def _far_bytes(tag: Tag) -> int:
    size = len(tag[2]) * (2 if tag[1] == SHORT else 4)
    return size if size > 4 else 0


def grey(bits: int) -> np.ndarray:
    return np.random.default_rng(bits).integers(0, 2**bits, (6, 8))


@pytest.mark.parametrize("kind", [WHITE_IS_ZERO, BLACK_IS_ZERO])
@pytest.mark.parametrize("bits", [8, 16])
def test_white_is_zero(tmp_path: Path, bits: int, kind: int) -> None:
    max_code = 2**bits - 1
    stored = max_code - grey(bits) if kind == WHITE_IS_ZERO else grey(bits)
    path = tiff(
        tmp_path / "a.tif", stored.astype(f"<u{bits // 8}").tobytes(), (6, 8, 1), bits, kind
    )
    picture = read_picture(path).numpy() * max_code
    np.testing.assert_allclose(picture, np.broadcast_to(grey(bits), (3, 6, 8)), atol=0.01)


@pytest.mark.parametrize(
    ("extra", "ignored"),
    [([], "unnamed"), ([0], "unnamed"), ([1], "A"), ([2], "A")],
)
@pytest.mark.parametrize("kind", [WHITE_IS_ZERO, BLACK_IS_ZERO])
def test_grey_with_a_second_sample(
    tmp_path: Path, extra: list[int], ignored: str, kind: int
) -> None:
    stored = np.stack([grey(16), np.full((6, 8), 65535)], axis=2)
    tags = [(338, SHORT, extra)] if extra else []
    path = tiff(tmp_path / "a.tif", stored.astype("<u2").tobytes(), (6, 8, 2), 16, kind, *tags)
    expected = 65535 - grey(16) if kind == WHITE_IS_ZERO else grey(16)
    picture = read_picture(path).numpy() * 65535
    np.testing.assert_allclose(picture, np.broadcast_to(expected, (3, 6, 8)), atol=0.01)
    assert probe(str(path), SECTION).ignored == (ignored,)


@pytest.mark.parametrize("channels", [3, 4, 5])
def test_grey_of_many_samples_is_named(tmp_path: Path, channels: int) -> None:
    """By the standard this is grey with other data; some writers store RGB so."""
    extra = (338, SHORT, [0] * (channels - 1))
    data = bytes(6 * 8 * channels)
    path = tiff(tmp_path / "a.tif", data, (6, 8, channels), 8, BLACK_IS_ZERO, extra)
    for reader in (read_picture, lambda path: probe(str(path), SECTION)):
        with pytest.raises(MediaError, match=rf"a.tif: is tagged as grey with {channels} samples"):
            reader(path)


@pytest.mark.parametrize("bits", [1, 4])
def test_white_is_zero_in_few_bits(tmp_path: Path, bits: int) -> None:
    stored = 2**bits - 1 - grey(bits)
    lines = sum(stored[:, k :: 8 // bits] << (8 - bits - k * bits) for k in range(8 // bits))
    data = np.asarray(lines, np.uint8).tobytes()
    path = tiff(tmp_path / "a.tif", data, (6, 8, 1), bits, WHITE_IS_ZERO)
    np.testing.assert_allclose(read_picture(path)[0] * (2**bits - 1), grey(bits), atol=0.01)


@pytest.mark.parametrize(
    ("kind", "channels", "words"), [(CMYK, 4, "is CMYK"), (LAB, 3, r"is CIE L\*a\*b\*")]
)
def test_unsupported_photometrics_are_named(
    tmp_path: Path, kind: int, channels: int, words: str
) -> None:
    path = tiff(tmp_path / "a.tif", bytes(6 * 8 * channels), (6, 8, channels), 8, kind)
    for reader in (read_picture, lambda path: probe(str(path), SECTION)):
        with pytest.raises(MediaError, match=rf"a.tif: {words}; export it as RGB"):
            reader(path)


def test_a_part_of_a_larger_picture_is_read_whole(tmp_path: Path) -> None:
    """Pixar's tags for the size of the uncropped picture and the offset in it."""
    stored = np.random.default_rng(3).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    tags = [(33300, LONG, [20]), (33301, LONG, [10])]
    tags += [(282, RATIONAL, [1, 1]), (283, RATIONAL, [1, 1]), (296, SHORT, [2])]
    tags += [(286, RATIONAL, [4, 1]), (287, RATIONAL, [2, 1])]
    path = tiff(tmp_path / "a.tif", stored.tobytes(), (6, 8, 3), 8, RGB, *tags)
    clip = probe(str(path), SECTION)
    assert (clip.width, clip.height) == (8, 6)
    np.testing.assert_allclose(read_frame(clip, 0).permute(1, 2, 0) * 255, stored, atol=0.01)


@pytest.mark.parametrize(
    ("unit", "across", "down", "aspect"),
    [
        (2, 300, 72, Fraction(1)),  # dots an inch are for printers
        (3, 100, 50, Fraction(1)),
        (1, 100, 200, Fraction(2)),
        (1, 1, 90, Fraction(1)),  # rubbish
    ],
)
def test_a_resolution_with_a_unit_is_not_a_pixel_aspect(
    tmp_path: Path, unit: int, across: int, down: int, aspect: Fraction
) -> None:
    tags = [(282, RATIONAL, [across, 1]), (283, RATIONAL, [down, 1]), (296, SHORT, [unit])]
    path = tiff(tmp_path / "a.tif", bytes(6 * 8 * 3), (6, 8, 3), 8, RGB, *tags)
    assert probe(str(path), SECTION).pixel_aspect == aspect


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (("Y",), True),
        (("A", "Y"), True),
        (("Z",), False),
        (("R",), False),
        (("forward.u", "forward.v"), False),
        (("BY", "RY", "Y"), False),
    ],
)
def test_which_channels_of_exr_are_colours(
    tmp_path: Path, names: tuple[str, ...], read: bool
) -> None:
    spec = oiio.ImageSpec(4, 2, len(names), "half")
    spec.channelnames = names
    path = str(tmp_path / "a.exr")
    image = oiio.ImageOutput.create(path)
    assert image.open(path, spec)
    stored = np.arange(1, len(names) + 1, dtype=np.float32) / 8
    assert image.write_image(np.broadcast_to(stored, (2, 4, len(names))).copy())
    assert image.close()
    if read:
        expected = (names.index("Y") + 1) / 8
        assert read_picture(path, WORKING_SPACE).unique().tolist() == [expected]
        return
    for reader in (read_picture, lambda path: probe(str(path), SECTION)):
        with pytest.raises(MediaError, match=r"a.exr: has the channels .* but no R, G, B"):
            reader(path)


@pytest.mark.parametrize("bits", [8, 16])
def test_film_toml_sets_the_range(tmp_path: Path, bits: int) -> None:
    black, white = 16 << (bits - 8), 235 << (bits - 8)
    codes = np.linspace(0, 2**bits - 1, 6 * 8 * 3).round().astype(f"<u{bits // 8}")
    path = tiff(tmp_path / "a.tif", codes.tobytes(), (6, 8, 3), bits, RGB)
    clip = probe(str(path), ClipSection(path="x", range="limited"))
    expected = (codes.astype(float) - black) / (white - black)
    picture = read_frame(clip, 0).permute(1, 2, 0).flatten()
    np.testing.assert_allclose(picture, expected, atol=1e-5)


def test_header_names_that_are_not_utf8(tmp_path: Path) -> None:
    """The name of a channel, which is ignored, and of a colour space, which is unknown."""
    spec = oiio.ImageSpec(4, 2, 4, "half")
    spec.channelnames = ("R", "G", "B", "matXe")
    spec["oiio:ColorSpace"] = "hoXse_log"
    path = tmp_path / "a.exr"
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), spec)
    assert image.write_image(np.full((2, 4, 4), 0.5, np.float32))
    assert image.close()
    data = path.read_bytes().replace(b"matXe", b"mat\xe9e").replace(b"hoXse", b"ho\xfcse")
    path.write_bytes(data)
    with pytest.raises(MediaError, match="does not say which colour space"):
        probe(str(path), SECTION)
    clip = probe(str(path), ClipSection(path="x", colorspace=WORKING_SPACE))
    assert clip.ignored == ("mat\N{REPLACEMENT CHARACTER}e",)
    clip.model_dump_json().encode("utf-8")
