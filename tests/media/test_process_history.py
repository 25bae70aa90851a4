"""The process history in the user data of DPX files, read back from the bytes of the file."""

import struct
from pathlib import Path

import pytest
import torch

from unfade import media
from unfade.film.working_space import WORKING_SPACE
from unfade.media.stills.process_history import user_data
from unfade.project.settings import ClipSection

HISTORY = (
    (("O", "film"), ("C", "color"), ("F", "24")),
    (("O", "DPXv2"), ("W", "10-bit"), ("T", "two, parts\nand Ärger")),
)


def read_user_data(path: Path) -> tuple[str, str]:
    """Fields 75 and 76 of a DPX file: SMPTE ST 268-1, by the offsets of its tables."""
    content = path.read_bytes()
    order = {b"SDPX": ">", b"XPDS": "<"}[content[:4]]
    (offset_to_image,) = struct.unpack_from(order + "I", content, 4)
    generic, industry, user = struct.unpack_from(order + "III", content, 24)
    assert generic + industry == 2048
    assert 2048 + user <= offset_to_image
    identification = content[2048:2080].rstrip(b"\0").decode("ascii")
    return identification, content[2080 : 2048 + user].decode("ascii")


@pytest.mark.parametrize("bits", [10, 16])
def test_user_data_hold_a_line_for_each_step(tmp_path: Path, bits: int) -> None:
    picture = torch.rand(3, 9, 14, generator=torch.Generator().manual_seed(0))
    for name, history in (("with.dpx", HISTORY), ("without.dpx", ())):
        media.write_dpx(tmp_path / name, picture, bits=bits, history=history)
    identification, text = read_user_data(tmp_path / "with.dpx")
    assert identification == "FADGI process history"
    assert text == "O=film, C=color, F=24\r\nO=DPXv2, W=10-bit, T=two; parts and ?rger\r\n"
    read = [media.read_picture(tmp_path / n, WORKING_SPACE) for n in ("with.dpx", "without.dpx")]
    assert torch.equal(read[0], read[1])
    assert float((read[0] - picture).abs().max()) <= 0.51 / (2**bits - 1)
    clip = media.probe(str(tmp_path / "with.dpx"), ClipSection(path="x", colorspace=WORKING_SPACE))
    assert torch.equal(media.read_frame(clip, clip.frames.first), read[0])


def test_a_line_begins_with_the_format() -> None:
    with pytest.raises(ValueError, match="begins with O"):
        user_data(((("T", "text"),),))


def test_a_history_that_is_longer_than_its_field_is_refused() -> None:
    with pytest.raises(ValueError, match="is longer than 1000000"):
        user_data(((("O", "film"), ("T", "x" * 1_000_000)),))
