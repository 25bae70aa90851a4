"""All layouts of DPX that the standard allows are read exactly, or refused by name.

The files are written here byte by byte, after SMPTE ST 268-1.
"""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unfade.errors import MediaError, MissingFactError
from unfade.film.working_space import WORKING_SPACE
from unfade.media import probe, read_frame, read_picture
from unfade.media.color_management import check_colorspace
from unfade.project.settings import ClipSection

from .conftest import SECTION

UNDEFINED = 0xFFFFFFFF
RED, GREEN, BLUE, LUMA, RGB, RGBA, ABGR = 1, 2, 3, 6, 50, 51, 52
WIDTH, HEIGHT = 9, 6


def codes(bits: int, channels: int = 3) -> np.ndarray:
    """(H, W, C) codes that use every bit."""
    return np.random.default_rng(bits).integers(0, 2**bits, (HEIGHT, WIDTH, channels))


def packed(line: np.ndarray, bits: int) -> bytes:
    """Packed codes of a line, most significant first: bytes, 16-bit words, or three codes in a
    32-bit word."""
    if bits in (8, 16):
        return line.astype(">u1" if bits == 8 else ">u2").tobytes()
    filled = np.concatenate([line, np.zeros(-len(line) % 3, int)]).astype(np.uint32)
    return (filled[0::3] << 22 | filled[1::3] << 12 | filled[2::3] << 2).astype(">u4").tobytes()


def dpx(
    path: Path,
    elements: list[tuple[int, np.ndarray]],
    bits: int = 10,
    *,
    transfer: int = 6,
    low: int = 0,
    high: int | None = None,
    padding: int = 0,
    encoding: int = 0,
    sign: int = 0,
    offset: int | None = None,
    orientation: int = 0,
    film_rate: float | None = 24.0,
    video_rate: float | None = None,
    timecode: int = UNDEFINED,
    origin: tuple[int, int] = (0, 0),
    original: tuple[int, int] = (0, 0),
) -> Path:
    """Writes elements, each a descriptor and its codes (H, W, C)."""
    header, body = bytearray(2048), b""

    def put(offset: int, kind: str, *values: Any) -> None:
        struct.pack_into(">" + kind, header, offset, *values)

    for number, (descriptor, stored) in enumerate(elements):
        at, begins = 780 + 72 * number, 2048 + len(body)
        body += b"".join(packed(line.flatten(), bits) + b"\xab" * padding for line in stored)
        put(at, "IIfIf", sign, low, 0.0, 2**bits - 1 if high is None else high, 2.046)
        put(at + 20, "BBBB", descriptor, transfer, 6, bits)
        put(at + 24, "HHIII", int(bits == 10), encoding, offset or begins, padding, 0)
    put(0, "4sI8sI", b"SDPX", 2048, b"V2.0", 2048 + len(body))
    height, width = elements[0][1].shape[:2]
    put(768, "HHII", orientation, len(elements), width, height)
    put(1408, "II", *origin)
    put(1424, "II", *original)
    put(1628, "II", UNDEFINED, UNDEFINED)
    for offset, rate in ((1724, film_rate), (1940, video_rate)):
        put(offset, "I", UNDEFINED) if rate is None else put(offset, "f", rate)
    put(1920, "II", timecode, UNDEFINED)
    path.write_bytes(bytes(header) + body)
    return path


def read_codes(path: Path, bits: int) -> np.ndarray:
    return read_picture(path).permute(1, 2, 0).double().numpy() * (2**bits - 1)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("order", [(RED, GREEN, BLUE), (BLUE, RED, GREEN)])
def test_colours_in_separate_elements(tmp_path: Path, bits: int, order: tuple[int, ...]) -> None:
    stored = codes(bits)
    elements = [(colour, stored[..., colour - 1 : colour]) for colour in order]
    path = dpx(tmp_path / "a.dpx", elements, bits)
    np.testing.assert_allclose(read_codes(path, bits), stored, atol=0.01)
    assert probe(str(path), SECTION).ignored == ()


@pytest.mark.parametrize(("bits", "padding"), [(8, 5), (10, 64), (16, 12)])
def test_padding_after_lines(tmp_path: Path, bits: int, padding: int) -> None:
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(bits))], bits, padding=padding)
    np.testing.assert_allclose(read_codes(path, bits), codes(bits), atol=0.01)


@pytest.mark.parametrize("descriptor", [RGBA, ABGR])
def test_alpha_is_ignored(tmp_path: Path, descriptor: int) -> None:
    stored = codes(16, 4)
    channels = stored if descriptor == RGBA else stored[..., ::-1]
    path = dpx(tmp_path / "a.dpx", [(descriptor, channels)], 16)
    np.testing.assert_allclose(read_codes(path, 16), stored[..., :3], atol=0.01)
    assert probe(str(path), SECTION).ignored == ("A",)


@pytest.mark.parametrize("bits", [8, 16])
def test_luma_is_grey(tmp_path: Path, bits: int) -> None:
    path = dpx(tmp_path / "a.dpx", [(LUMA, codes(bits, 1))], bits)
    np.testing.assert_allclose(read_codes(path, bits), codes(bits, 1).repeat(3, 2), atol=0.01)


@pytest.mark.parametrize("orientation", [4, 5, 6, 7])
@pytest.mark.parametrize("bits", [8, 10, 16])
def test_columns_stored_as_lines(tmp_path: Path, bits: int, orientation: int) -> None:
    stored = codes(bits)
    path = dpx(tmp_path / "a.dpx", [(RGB, stored)], bits, orientation=orientation)
    upright = stored.transpose(1, 0, 2)  # lines are columns, from left to right, from the top
    upright = upright[:, ::-1] if orientation in (5, 7) else upright
    upright = upright[::-1] if orientation in (6, 7) else upright
    np.testing.assert_allclose(read_codes(path, bits), upright, atol=0.01)
    clip = probe(str(path), SECTION)
    assert (clip.width, clip.height) == (HEIGHT, WIDTH)


@pytest.mark.parametrize("orientation", range(8))
@pytest.mark.parametrize(
    ("origin", "original"),
    [
        ((0, 0), (WIDTH, HEIGHT)),
        ((0, 0), (HEIGHT, WIDTH)),
        ((4, 2), (2 * WIDTH, 2 * HEIGHT)),
        ((4, 2), (0, 0)),
        ((4, 2), (UNDEFINED, UNDEFINED)),
        ((UNDEFINED, UNDEFINED), (UNDEFINED, UNDEFINED)),
        ((0, 0), (1, 1)),
        ((100, 100), (4, 3)),
    ],
)
def test_the_whole_raster_is_read_whatever_its_offset(
    tmp_path: Path, orientation: int, origin: tuple[int, int], original: tuple[int, int]
) -> None:
    def read(name: str, **settings: Any) -> np.ndarray:
        path = dpx(tmp_path / name, [(RGB, codes(16))], 16, orientation=orientation, **settings)
        clip = probe(str(path), SECTION)
        assert (clip.width, clip.height)[:: -1 if orientation >= 4 else 1] == (WIDTH, HEIGHT)
        assert np.array_equal(
            read_frame(clip, 0).permute(1, 2, 0), read_picture(path).permute(1, 2, 0)
        )
        return read_codes(path, 16)

    raster = read("a.dpx", origin=origin, original=original)
    assert np.array_equal(raster, read("b.dpx"))
    assert np.array_equal(np.sort(raster, axis=None).round(), np.sort(codes(16), axis=None))


@pytest.mark.parametrize(
    ("elements", "settings", "words"),
    [
        ([(RED, 1)], {"bits": 16}, "holds red alone and no RGB"),
        ([(RED, 1), (GREEN, 1)], {"bits": 16}, "holds red alone"),
        ([(4, 1)], {"bits": 8}, "holds alpha alone"),
        ([(8, 1)], {"bits": 16}, "holds depth alone"),
        ([(100, 2)], {"bits": 8}, "holds Y'CbCr 4:2:2 and no RGB"),
        ([(102, 3)], {"bits": 16}, "holds Y'CbCr 4:4:4"),
        ([(150, 2)], {"bits": 8}, "samples with descriptor 150"),
        ([(LUMA, 1)], {"bits": 10}, "whose order in a word differs between writers"),
        ([(RED, 1), (GREEN, 1), (BLUE, 1)], {"bits": 10}, "whose order in a word differs"),
        ([(RGB, 3)], {"bits": 8, "encoding": 1}, "is run-length encoded"),
        ([(RGB, 3)], {"bits": 16, "sign": 1}, "holds signed samples"),
        ([(RGB, 3)], {"offset": UNDEFINED}, "does not say where its pixels begin"),
        ([(RGB, 3)], {"offset": 12}, "does not say where its pixels begin"),
        ([(RGB, 3)], {"orientation": 4, "padding": 8}, "stores columns as lines, with padding"),
    ],
)
def test_unsupported_layouts_are_named(
    tmp_path: Path, elements: list[tuple[int, int]], settings: dict[str, Any], words: str
) -> None:
    bits = settings.get("bits", 10)
    stored = [(descriptor, codes(bits, channels)) for descriptor, channels in elements]
    path = dpx(tmp_path / "a.dpx", stored, **settings)
    for reader in (read_picture, lambda path: probe(str(path), SECTION)):
        with pytest.raises(MediaError, match=rf"a.dpx: .*{words}.*; convert it to"):
            reader(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.8])
def test_a_header_that_is_cut_off(tmp_path: Path, share: float) -> None:
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(10))])
    path.write_bytes(path.read_bytes()[: int(2048 * share)])
    with pytest.raises(MediaError, match=r"a.dpx: .*; restore the file"):
        probe(str(path), SECTION)


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_limited_range_of_the_header(tmp_path: Path, bits: int) -> None:
    black, white = 16 << (bits - 8), 235 << (bits - 8)
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(bits))], bits, low=black, high=white)
    clip = probe(str(path), SECTION)
    assert clip.code_range == "limited"
    expected = (codes(bits) - black) / (white - black)
    for picture in (read_frame(clip, 0), read_picture(path)):
        np.testing.assert_allclose(picture.permute(1, 2, 0), expected, atol=1e-5)
    overruled = probe(str(path), ClipSection(path="x", range="full"))
    picture = read_frame(overruled, 0).permute(1, 2, 0) * (2**bits - 1)
    np.testing.assert_allclose(picture, codes(bits), atol=0.01)


@pytest.mark.parametrize(
    ("low", "high", "transfer", "remark"),
    [
        (0, 1023, 6, None),
        (0, 0, 6, None),
        (UNDEFINED, UNDEFINED, 6, None),
        (95, 685, 1, None),  # printing density: the codes of densities, no range
        (64, 940, 3, None),
        (95, 1000, 13, None),
        (64, UNDEFINED, 6, "name 64 and nothing as codes of black and white; read as 0 and 1023"),
        (UNDEFINED, 940, 6, "name nothing and 940 as codes of black and white"),
        (0, 940, 6, "name 0 and 940 as codes of black and white"),
        (4, 1019, 6, "name 4 and 1019 as codes of black and white; read as 0 and 1023"),
    ],
)
def test_reference_codes_that_set_no_range(
    tmp_path: Path, low: int, high: int, transfer: int, remark: str | None
) -> None:
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(10))], low=low, high=high, transfer=transfer)
    clip = probe(str(path), ClipSection(path="x", colorspace=WORKING_SPACE))
    assert clip.code_range == "full"
    assert [remark in text for text in clip.remarks] == ([True] if remark else [])
    picture = read_frame(clip, 0).permute(1, 2, 0) * 1023
    np.testing.assert_allclose(picture, codes(10), atol=0.01)


@pytest.mark.parametrize(
    ("film", "video", "rate"),
    [
        (23.976, None, Fraction(24000, 1001)),
        (23.98, None, Fraction(24000, 1001)),
        (29.97, None, Fraction(30000, 1001)),
        (None, 59.94, Fraction(60000, 1001)),
        (None, 25.0, Fraction(25)),
        (0.0, 29.97, Fraction(30000, 1001)),
        (18.0, 25.0, Fraction(18)),
        (16.667, None, Fraction(50, 3)),
        (None, None, Fraction(24)),
        (float("inf"), float("nan"), Fraction(24)),
        (1e9, -1.0, Fraction(24)),
    ],
)
def test_rates(tmp_path: Path, film: float | None, video: float | None, rate: Fraction) -> None:
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(10))], film_rate=film, video_rate=video)
    assert probe(str(path), SECTION).rate == rate


@pytest.mark.parametrize(
    ("rate", "word", "timecode", "remark"),
    [
        (29.97, 0x01000050, "01:00:00;10", None),
        (24.0, 0x01000050, "01:00:00:10", "01:00:00;10 is counted without drop frame"),
        (25.0, 0x01000025, None, "left out: 01:00:00:25 does not exist at 25"),
        (25.0, 0x0100000A, None, "left out: '01:00:00:0a' is not a timecode"),
        (59.94, 0x01000010, None, None),
    ],
)
def test_timecode_and_rate(
    tmp_path: Path, rate: float, word: int, timecode: str | None, remark: str | None
) -> None:
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(10))], film_rate=rate, timecode=word)
    probed = probe(str(path), SECTION)
    confirmed = ClipSection(path="x", rate=probed.rate)  # what `unfade new` writes
    for clip in (probed, probe(str(path), confirmed)):
        assert clip.timecode == timecode
        assert [remark in text for text in clip.remarks] == ([True] if remark else [])


@pytest.mark.parametrize("transfer", [5, 6, 7, 8, 9, 10])
def test_transfers_of_video(tmp_path: Path, transfer: int) -> None:
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(10))], transfer=transfer)
    clip = probe(str(path), SECTION)
    assert clip.colorspace == check_colorspace(WORKING_SPACE)
    assert "colorspace" not in clip.assumed
    np.testing.assert_allclose(read_codes(path, 10), codes(10), atol=0.01)


@pytest.mark.parametrize("transfer", [0, 4, 255])
def test_unspecified_transfers_are_assumed_to_be_video(tmp_path: Path, transfer: int) -> None:
    """User defined, unspecified and undefined; the assumption is a remark."""
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(10))], transfer=transfer)
    assert "colorspace" in probe(str(path), SECTION).assumed
    np.testing.assert_allclose(read_codes(path, 10), codes(10), atol=0.01)


@pytest.mark.parametrize(
    ("transfer", "words"),
    [
        (1, r"'colorspace', 'ADX10' .*Printing density"),
        (2, r"'colorspace' \(its header says: Linear"),
        (3, "'ADX10'.* Logarithmic"),
        (11, "Z depth linear"),
        (12, "Z depth homogeneous"),
        (13, r"'ADX10' or 'ADX16' \(its header says: ADX\)"),
        (14, "transfer 14"),
        (200, "transfer 200"),
    ],
)
def test_other_transfers_need_a_colour_space(tmp_path: Path, transfer: int, words: str) -> None:
    path = dpx(tmp_path / "a.dpx", [(RGB, codes(10))], transfer=transfer, low=95, high=685)
    for reader in (read_picture, lambda path: probe(str(path), SECTION)):
        with pytest.raises(MissingFactError, match=rf"a.dpx: does not say .*{words}"):
            reader(path)
    assert probe(str(path), ClipSection(path="x", colorspace="ADX10")).colorspace == "ADX10"


MIXED: dict[str, tuple[dict[str, Any], str, str]] = {
    "transfer": ({"transfer": 1}, "in a colour space that it does not name", "set 'colorspace'"),
    "rate": ({"film_rate": 25.0}, "of 25 frames a second", "set 'rate'"),
    "orientation": ({"orientation": 2}, "turned by 'flip'", "set 'orientation'"),
    "range": ({"low": 64, "high": 940}, "of limited range", "set 'range'"),
    "bits": ({"bits": 16}, "of 16 bits", "convert the files"),
}


@pytest.mark.parametrize("difference", MIXED)
def test_a_later_frame_that_differs(tmp_path: Path, difference: str) -> None:
    settings, words, remedy = MIXED[difference]
    for frame in range(1, 9):
        bits = settings.get("bits", 10) if frame >= 5 else 10
        own = settings if frame >= 5 else {}
        dpx(tmp_path / f"r.{frame:02d}.dpx", [(RGB, codes(bits))], **own)
    path = str(tmp_path / "r.%02d.dpx")
    with pytest.raises(MediaError, match=rf"r.05.dpx: frame 5 is {words} and frame 1 .*{remedy}"):
        probe(path, SECTION)
    assert len(probe(path, ClipSection(path="x", last=4)).frames) == 4
    overrules = {
        "transfer": {"colorspace": WORKING_SPACE},
        "rate": {"rate": 24},
        "orientation": {"orientation": "as-stored"},
        "range": {"range": "full"},
    }
    if difference in overrules:
        clip = probe(path, ClipSection.model_validate({"path": "x", **overrules[difference]}))
        first, later = read_frame(clip, 1), read_frame(clip, 5)
        assert bool((first == later).all())


def test_grey_among_colours(tmp_path: Path) -> None:
    dpx(tmp_path / "r.1.dpx", [(RGB, codes(8))], 8)
    dpx(tmp_path / "r.2.dpx", [(LUMA, codes(8, 1))], 8)
    with pytest.raises(MediaError, match="2: grey instead of red, green and blue"):
        probe(str(tmp_path), SECTION)
