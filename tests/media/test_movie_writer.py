"""Written movies have the codes, chroma sites and tags of the standards."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from unfade.errors import MediaError
from unfade.media import probe
from unfade.media.movies.writer import MovieWriter
from unfade.project.settings import ClipSection

from ..fixtures import BARS_601, flat

RATE = Fraction(25)
HALF_A_CODE = 0.23  # in luma samples, of a ramp of 1/200 a sample, at 10 bit

# Codes of 100 % colour bars, 10 bit: ITU-R BT.709-6.
BARS_709 = {
    (1, 1, 1): (940, 512, 512),
    (1, 0, 0): (250, 409, 960),
    (0, 1, 0): (691, 167, 105),
    (0, 0, 1): (127, 960, 471),
    (0, 0, 0): (64, 512, 512),
}


def write(path: Path, pictures: list[torch.Tensor], **settings: Any) -> Path:
    height, width = pictures[0].shape[-2:]
    with MovieWriter(path, width=width, height=height, rate=RATE, **settings) as movie:
        for picture in pictures:
            movie.write(picture)
    return path


def planes(path: Path) -> list[list[np.ndarray]]:
    """The stored codes of every frame, plane by plane."""
    frames = []
    with av.open(str(path)) as movie:
        for frame in movie.decode(video=0):
            dtype = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
            frames.append(
                [
                    np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : plane.width].copy()
                    for plane in frame.planes
                ]
            )
    return frames


@pytest.mark.parametrize(
    ("matrix", "pixel_format", "bars"),
    [("bt601", "yuv420p", BARS_601), ("bt709", "yuv444p10le", BARS_709)],
)
def test_bars_have_published_codes(
    tmp_path: Path, matrix: str, pixel_format: str, bars: dict[tuple[int, int, int], Any]
) -> None:
    path = write(
        tmp_path / "bars.mkv",
        [flat(colour) for colour in bars],
        codec="ffv1",
        matrix=matrix,
        pixel_format=pixel_format,
    )
    for frame, codes in zip(planes(path), bars.values(), strict=True):
        assert [set(plane.flatten().tolist()) for plane in frame] == [{code} for code in codes]


def test_above_white_is_kept_and_forbidden_codes_are_not_written(tmp_path: Path) -> None:
    pictures = [flat((1.05, 1.05, 1.05)), flat((9, 9, 9)), flat((-9, -9, -9))]
    stored = planes(write(tmp_path / "white.mkv", pictures, codec="ffv1"))
    assert [int(frame[0][0, 0]) for frame in stored] == [246, 254, 1]


def ramp_in_chroma(along: str, height: int = 64, width: int = 96) -> torch.Tensor:
    """Grey plus a blue that rises by 1/200 a pixel or line, so that Cb is a linear ramp."""
    length = width if along == "x" else height
    ramp = 0.2 + torch.arange(length, dtype=torch.float32) / 200
    blue = ramp.expand(height, width) if along == "x" else ramp[:, None].expand(height, width)
    return torch.stack([torch.full_like(blue, 0.5), torch.full_like(blue, 0.5), blue])


def chroma_sites(path: Path, along: str) -> np.ndarray:
    """Position of each chroma sample in luma samples, measured on a linear ramp."""
    cb = planes(path)[0][1].astype(np.float64)
    line = cb[8] if along == "x" else cb[:, 8]
    blue = (line / 4 - 128) / 224 * (2 - 2 * 0.0722)
    # Cb of (0.5, 0.5, b) is (1 - 0.0722) (b - 0.5) / (2 - 2 * 0.0722).
    return ((blue / (1 - 0.0722) + 0.5) - 0.2) * 200


def test_chroma_is_sited_at_the_left_sample(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.mkv", [ramp_in_chroma("x")], codec="ffv1", pixel_format="yuv422p10le"
    )
    expected = 2.0 * np.arange(48)
    np.testing.assert_allclose(chroma_sites(path, "x")[1:-1], expected[1:-1], atol=HALF_A_CODE)


def test_progressive_chroma_lies_midway_between_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path / "y.mkv", [ramp_in_chroma("y")], codec="ffv1", pixel_format="yuv420p10le"
    )
    expected = 2.0 * np.arange(32) + 0.5
    np.testing.assert_allclose(chroma_sites(path, "y")[1:-1], expected[1:-1], atol=HALF_A_CODE)


def test_interlaced_chroma_lies_within_its_own_field(tmp_path: Path) -> None:
    path = write(
        tmp_path / "fields.mkv",
        [ramp_in_chroma("y")],
        codec="ffv1",
        pixel_format="yuv420p10le",
        interlaced=True,
    )
    expected = np.stack([4.0 * np.arange(16) + 0.5, 4.0 * np.arange(16) + 2.5], axis=1).flatten()
    np.testing.assert_allclose(chroma_sites(path, "y")[2:-2], expected[2:-2], atol=HALF_A_CODE)


def test_fields_do_not_mix_in_chroma(tmp_path: Path) -> None:
    picture = flat((0.5, 0.5, 0.5)).clone()
    picture[2, 1::2] = 1.0
    path = write(tmp_path / "mix.mkv", [picture], codec="ffv1", interlaced=True)
    cb = planes(path)[0][1]
    assert set(cb[0::2].flatten().tolist()) == {128}
    assert (cb[1::2] > 180).all()


def test_a_dvd_has_the_tags_of_a_dvd(tmp_path: Path) -> None:
    path = write(
        tmp_path / "dvd.mpg",
        [flat((0.1 * i, 0.4, 0.6), 576, 720) for i in range(5)],
        codec="mpeg2video",
        matrix="bt601",
        interlaced=True,
        bit_rate=5_000_000,
        pixel_aspect=Fraction(64, 45),
        options={"maxrate": "8000000", "bufsize": "1835008"},
    )
    # Pack header of ISO/IEC 13818-1: start code, then the bits 01 that tell MPEG-2 from MPEG-1.
    head = path.read_bytes()[:5]
    assert head[:4] == b"\x00\x00\x01\xba"
    assert head[4] >> 6 == 0b01
    with av.open(str(path)) as movie:
        stream = movie.streams.video[0]
        assert stream.average_rate == 25
        assert stream.sample_aspect_ratio == Fraction(64, 45)
        frames = list(movie.decode(stream))
    assert len(frames) == 5
    assert all(frame.interlaced_frame for frame in frames)
    assert {(frame.colorspace, frame.color_range) for frame in frames} == {(6, 1)}
    red = [frame.to_ndarray(format="rgb24")[200, 300, 0] for frame in frames]
    assert red == sorted(red)
    assert red[-1] > red[0] + 60


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("review.mp4", "libx264", "yuv420p"),
        ("master.mov", "prores_ks", "yuv422p10le"),
        ("master.mkv", "ffv1", "yuv444p"),
    ],
)
def test_review_movies_are_tagged(tmp_path: Path, name: str, codec: str, pixel_format: str) -> None:
    pictures = [flat((0.5, 0.4, 0.3), 96, 128)] * 3
    path = write(tmp_path / name, pictures, codec=codec, pixel_format=pixel_format)
    with av.open(str(path)) as movie:
        assert movie.streams.video[0].average_rate == 25
        frames = list(movie.decode(video=0))
    assert len(frames) == 3
    for frame in frames:
        tags = (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range)
        assert tags == (1, 1, 1, 1)
        assert not frame.interlaced_frame


def test_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    torch.manual_seed(1)
    pictures = [torch.rand(3, 64, 96) for _ in range(6)]
    settings = {"codec": "mpeg2video", "interlaced": True, "bit_rate": 2_000_000}
    first = write(tmp_path / "1.mpg", pictures, **settings)
    second = write(tmp_path / "2.mpg", pictures, **settings)
    assert first.read_bytes() == second.read_bytes()


def test_a_failure_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "movie.mkv"
    path.write_bytes(b"an older movie")

    def stop_halfway() -> None:
        with MovieWriter(path, codec="ffv1", width=64, height=32, rate=RATE) as movie:
            movie.write(flat((0.5, 0.5, 0.5)))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stop_halfway()
    assert path.read_bytes() == b"an older movie"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codec": "nonsense"}, "nonsense"),
        ({"pixel_format": "rgb24"}, "use one of yuv420p"),
        ({"width": 63}, "multiple of 2"),
        ({"height": 34, "interlaced": True}, "the height of 4"),
        ({"options": {"qmin": "nonsense"}}, "options that fit together"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    settings = {"codec": "mpeg2video", "width": 64, "height": 32, "rate": RATE} | changes
    size = (settings["height"], settings["width"])
    with (
        pytest.raises(MediaError, match=message),
        MovieWriter(tmp_path / "movie.mpg", **settings) as movie,
    ):
        movie.write(flat((0.5, 0.5, 0.5), *size))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["movie.nonsense", "missing/movie.mpg"])
def test_paths_that_cannot_be_written_are_refused(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(MediaError, match=name),
        MovieWriter(tmp_path / name, codec="mpeg2video", width=64, height=32, rate=RATE),
    ):
        pass


def test_movie_without_frames_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(MediaError, match="no frame was written"),
        MovieWriter(tmp_path / "movie.mkv", codec="ffv1", width=64, height=32, rate=RATE),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_another_size_is_a_value_error(tmp_path: Path) -> None:
    path = tmp_path / "movie.mkv"
    with MovieWriter(path, codec="ffv1", width=64, height=32, rate=RATE) as movie:
        movie.write(flat((0, 0, 0)))
        with pytest.raises(ValueError, match="picture is"):
            movie.write(flat((0, 0, 0), 16, 16))


@pytest.mark.parametrize("timecode", ["10:20:30:05", "10:20:30;05"])
@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "options"),
    [
        ("movie.mov", "prores_ks", "yuv422p10le", {}),
        ("movie.mp4", "libx264", "yuv420p", {}),
        ("movie.mxf", "dnxhd", "yuv422p10le", {"profile": "dnxhr_hqx"}),
    ],
)
def test_the_timecode_is_that_of_the_first_frame(
    tmp_path: Path, name: str, codec: str, pixel_format: str, options: dict[str, str], timecode: str
) -> None:
    """With every number counted, and with dropped numbers."""
    size = {"width": 256, "height": 144, "rate": Fraction(30000, 1001)}
    settings = {"codec": codec, "pixel_format": pixel_format, "options": options, **size}
    with MovieWriter(tmp_path / name, timecode=timecode, **settings) as movie:
        for _ in range(3):
            movie.write(flat((0.5, 0.5, 0.5), 144, 256))
    clip = probe(str(tmp_path / name), ClipSection(path="x"))
    assert (clip.timecode, len(clip.frames)) == (timecode, 3)
