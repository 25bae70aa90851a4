"""Stills and movies of strangers: huge sizes, wrong lengths and damaged texts are refused."""

import struct
import zlib
from pathlib import Path

import av
import numpy as np
import OpenImageIO as oiio
import pytest

from unfade.errors import MediaError, ProjectError
from unfade.media import probe, read_picture
from unfade.media.color_management import check_config, to_space
from unfade.media.movies import containers
from unfade.media.stills import files
from unfade.project.color_config import ColorManagement

from .conftest import SECTION, MakeMovie
from .test_damaged_movies import noise


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    lines = zlib.compress((b"\0" * (3 * min(width, 64) + 1)) * min(height, 64))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join((*chunks, chunk(b"IDAT", lines), chunk(b"IEND", b"")))
    )


def exr(path: Path, channels: int = 3, attribute: str = "") -> Path:
    spec = oiio.ImageSpec(8, 6, channels, "half")
    if attribute:
        spec["oiio:ColorSpace"] = attribute
    file = oiio.ImageOutput.create(str(path))
    assert file.open(str(path), spec)
    file.write_image(np.zeros((6, 8, channels), np.float32))
    file.close()
    return path


def test_a_still_that_claims_a_million_pixels_squared_is_refused(tmp_path: Path) -> None:
    small = np.array([0, 0, 7, 5], "<i4").tobytes()
    huge = np.array([0, 0, 999_999, 999_999], "<i4").tobytes()
    content = exr(tmp_path / "a.exr").read_bytes()
    assert small in content
    (tmp_path / "b.exr").write_bytes(content.replace(small, huge))
    (tmp_path / "b.png").write_bytes(png(1_000_000, 1_000_000))
    for path in (tmp_path / "b.exr", tmp_path / "b.png"):
        for read in (lambda: probe(str(path), SECTION), lambda: read_picture(path)):  # noqa: B023
            with pytest.raises(MediaError, match=rf"{path.name}: .*[Ii]mage size .* exceeds"):
                read()


def test_more_samples_than_are_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = exr(tmp_path / "a.exr", channels=4)
    monkeypatch.setattr(files, "MAX_SAMPLES", 8 * 6 * 4 - 1)
    with pytest.raises(
        MediaError, match="claims 8 x 6 pixels of 4 channels, more than the 191 samples"
    ):
        read_picture(path)


def test_a_movie_that_claims_huge_frames_is_refused(make_movie: MakeMovie) -> None:
    path = make_movie("a.avi", "ffv1", "yuv420p", noise(2))
    content, size = path.read_bytes(), struct.pack("<II", 64, 48)
    start = content.index(size, content.index(b"strf"))
    path.write_bytes(content[:start] + struct.pack("<II", 12_000, 12_000) + content[start + 8 :])
    with pytest.raises(
        MediaError, match="claims 12,000 x 12,000 pixels, more than the 134,217,728"
    ):
        probe(str(path), SECTION)


def test_a_decoder_refuses_frames_that_its_header_does_not_claim(
    make_movie: MakeMovie, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size in a container is not that which a decoder finds in the packets."""
    path = make_movie("a.mkv", "ffv1", "yuv420p", noise(2))
    monkeypatch.setattr(containers, "MAX_FRAME_PIXELS", 1_000)
    with av.open(str(path)) as container:
        (stream,) = container.streams.video
        codec = type("Codec", (), {"width": 8, "height": 8, "options": {}})()
        containers._bound_size(str(path), codec)
        stream.codec_context.options = codec.options
        with pytest.raises(av.error.ArgumentError):
            list(container.decode(stream))


def test_a_stream_of_an_unknown_codec_is_no_video(tmp_path: Path, make_movie: MakeMovie) -> None:
    content = make_movie("a.mkv", "ffv1", "yuv420p", noise(2)).read_bytes()
    assert content.count(b"V_FFV1") == 1
    path = tmp_path / "b.mkv"
    path.write_bytes(content.replace(b"V_FFV1", b"V_XXX1"))
    with pytest.raises(MediaError, match=r"b\.mkv: (has no video stream|.*); "):
        probe(str(path), SECTION)


def test_bytes_of_a_header_that_are_no_text_are_not_quoted(tmp_path: Path) -> None:
    content = exr(tmp_path / "a.exr").read_bytes()
    damaged = content.replace(b"compression", b"compre\xff\xfeion", 1)
    (tmp_path / "b.exr").write_bytes(damaged.replace(b"channels\0", b"chan\xf8els\0", 1))
    with pytest.raises(MediaError, match=r"b\.exr: cannot be read \(.*\); restore the file"):
        read_picture(tmp_path / "b.exr")


def test_control_characters_of_a_file_are_written_out(tmp_path: Path) -> None:
    path = exr(tmp_path / "a.exr", attribute="x\x1b[31m\u202eB")
    with pytest.raises(MediaError) as caught:
        probe(str(path), SECTION)
    assert str(caught.value).isprintable()
    odd = tmp_path / "n\x1b[2J\n.exr"
    odd.write_bytes(b"")
    with pytest.raises(MediaError, match=r"n\\x1b\[2J .exr: is empty"):
        probe(str(odd), SECTION)


def test_a_png_chunk_of_a_huge_length_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unfade.media.stills import color_tags

    monkeypatch.setattr(color_tags, "_MAX_CHUNK_BYTES", 2)
    path = tmp_path / "a.png"
    path.write_bytes(
        png(16, 12, chunk(b"sRGB", b"\0\1\2\3"), chunk(b"gAMA", struct.pack(">I", 45_455)))
    )
    assert color_tags._png_chunks(str(path)) == {"sRGB": b"\0\1", "gAMA": b"\0\0"}


def test_a_colour_config_of_bytes_or_of_missing_luts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ocio"
    path.write_bytes(b"ocio_profile_version: \xff\xfe\n")
    with pytest.raises(ProjectError, match=r"a\.ocio: cannot be used as OpenColorIO config"):
        check_config(ColorManagement(str(path), None, "1"))
    path.write_bytes(CONFIG.replace(b"odd", b"od\xff"))
    with pytest.raises(ProjectError, match=r"cannot be used as OpenColorIO config \(it is no text"):
        check_config(ColorManagement(str(path), None, "2"))
    path.write_bytes(CONFIG)
    import torch

    with pytest.raises(ProjectError, match=r"cannot be used as OpenColorIO config .*gone\.cube"):
        to_space(torch.zeros(3, 1, 1), "odd", "raw", ColorManagement(str(path), None, "3"))


CONFIG = b"""ocio_profile_version: 2
roles: {default: raw, scene_linear: raw}
displays:
  d: [!<View> {name: v, colorspace: raw}]
colorspaces:
  - !<ColorSpace> {name: raw}
  - !<ColorSpace> {name: odd, from_scene_reference: !<FileTransform> {src: gone.cube}}
"""
