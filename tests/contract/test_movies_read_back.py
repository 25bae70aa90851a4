"""Movies of all codecs that archives use are read to the values that were written."""

from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from unfade.errors import MediaError
from unfade.media import probe, read, read_frame
from unfade.project.settings import ClipSection

from ..fixtures import BARS_601
from .conftest import SECTION, MakeMovie

# Codes of 100 % colour bars, 8-bit limited range: ITU-R BT.709-6.
BARS_709 = {
    (1, 1, 1): (235, 128, 128),
    (1, 0, 0): (63, 102, 240),
    (0, 1, 0): (173, 42, 26),
    (0, 0, 1): (32, 240, 118),
    (0, 0, 0): (16, 128, 128),
}
CODE = 1 / 219
BAR_ERROR = 1.5 * CODE  # the codes of the bars are whole numbers: half a code in Y, Cb and Cr


def bars(
    pixel_format: str, codes: dict, width: int = 240, height: int = 96, shift: int = 0
) -> list[np.ndarray]:
    """Vertical bars, and below them a horizontal ramp that starts `shift` codes later."""
    layout = av.VideoFormat(pixel_format, width, height)
    step = 2 ** (layout.components[0].bits - 8)
    planes = []
    for index, component in enumerate(layout.components[:3]):
        columns = np.arange(component.width) * len(codes) // component.width
        bar = np.array([code[index] for code in codes.values()])[columns]
        plane = np.repeat(bar[None] * step, component.height, axis=0)
        low = component.height // 2
        ramp = (np.arange(component.width) * 100 // component.width + 60 + shift) * step
        plane[low:] = ramp if index == 0 else 128 * step
        planes.append(plane)
    if len(layout.components) == 4:
        planes.append(np.full((height, width), 256 * step - 1))
    return planes


def assert_bars(picture: torch.Tensor, codes: dict, tolerance: float) -> None:
    _, height, width = picture.shape
    for number, colour in enumerate(codes):
        x = (2 * number + 1) * width // (2 * len(codes))
        patch = picture[:, height // 8 : height // 3, x - 4 : x + 4]
        expected = torch.tensor(colour, dtype=torch.float32)[:, None, None].expand_as(patch)
        torch.testing.assert_close(patch, expected, atol=tolerance, rtol=0)


def assert_ramp(picture: torch.Tensor, shift: int, tolerance: float) -> None:
    _, height, width = picture.shape
    expected = (torch.arange(width) * 100 // width + 60 + shift - 16) / 219
    row = picture[:, height * 7 // 8, :]
    torch.testing.assert_close(row, expected.expand_as(row), atol=tolerance, rtol=0)


CASES = [
    ("a.mkv", "ffv1", "yuv420p", {}, 0.0),
    ("a.mkv", "ffv1", "yuv422p10le", {}, 0.0),
    ("a.mkv", "ffv1", "yuv444p12le", {}, 0.0),
    ("a.mkv", "ffv1", "yuv422p16le", {}, 0.0),
    ("a.mkv", "ffv1", "yuv410p", {}, 0.0),
    ("a.mov", "prores_ks", "yuv422p10le", {"profile": "3"}, 2 * CODE),
    ("a.mov", "prores_ks", "yuva444p10le", {"profile": "4"}, 2 * CODE),
    ("a.mov", "prores_ks", "yuv444p10le", {"profile": "4"}, 2 * CODE),
    ("a.mpg", "mpeg2video", "yuv420p", {"qmin": "1", "qmax": "2"}, 3 * CODE),
    ("a.ts", "mpeg2video", "yuv422p", {"qmin": "1", "qmax": "2"}, 3 * CODE),
    ("a.mkv", "mpeg2video", "yuv420p", {"qmin": "1", "qmax": "2"}, 3 * CODE),
    ("a.mp4", "libx264", "yuv420p", {"crf": "4", "preset": "veryfast"}, 3 * CODE),
    ("a.mkv", "libx264", "yuv422p10le", {"crf": "4", "preset": "veryfast"}, 3 * CODE),
    (
        "a.mkv",
        "libx265",
        "yuv420p",
        {"x265-params": "crf=4:log-level=none:pools=1", "preset": "ultrafast"},
        3 * CODE,
    ),
    (
        "a.mp4",
        "libx265",
        "yuv420p10le",
        {"x265-params": "crf=4:log-level=none:pools=1", "preset": "ultrafast"},
        3 * CODE,
    ),
]


def needs(codec: str) -> None:
    """Skips the test if this FFmpeg has no encoder for the codec."""
    if codec not in av.codecs_available:
        pytest.skip(f"this build of FFmpeg has no {codec}")


@pytest.mark.parametrize(("name", "codec", "pixel_format", "options", "loss"), CASES)
def test_values_count_and_order(
    make_movie: MakeMovie, name: str, codec: str, pixel_format: str, options: dict, loss: float
) -> None:
    needs(codec)
    frames = [bars(pixel_format, BARS_601, shift=2 * number) for number in range(14)]
    rate = Fraction(24000, 1001)
    path = make_movie(name, codec, pixel_format, frames, options=options, rate=rate)

    clip = probe(str(path), SECTION)

    assert (clip.kind, clip.width, clip.height) == ("movie", 240, 96)
    assert (clip.frames.first, clip.frames.last) == (0, 13)
    assert clip.rate == rate
    assert clip.fields == "progressive"
    assert clip.video is not None
    assert (clip.video.matrix, clip.video.range) == ("bt601", "limited")
    for number, picture in read(clip, clip.frames.frames()):
        assert_bars(picture, BARS_601, BAR_ERROR + loss)
        assert_ramp(picture, 2 * number, 1e-5 + loss)


@pytest.mark.parametrize("name", ["a.dv", "a.avi"])
def test_dv(make_movie: MakeMovie, name: str) -> None:
    frames = [bars("yuv420p", BARS_601, 720, 576, shift=8 * number) for number in range(3)]
    path = make_movie(name, "dvvideo", "yuv420p", frames, pixel_aspect=Fraction(16, 15))

    clip = probe(str(path), SECTION)

    assert (len(clip.frames), clip.rate, clip.fields) == (3, 25, "progressive")
    assert clip.pixel_aspect == Fraction(16, 15)
    for number, picture in read(clip, [0, 1, 2]):
        assert_bars(picture, BARS_601, 4 * CODE)
        assert_ramp(picture, 8 * number, 5 * CODE)


@pytest.mark.parametrize("name", ["a.mov", "a.mxf"])
@pytest.mark.parametrize(
    ("profile", "pixel_format", "loss"),
    [
        ("dnxhr_sq", "yuv422p", 3 * CODE),
        ("dnxhr_hq", "yuv422p", 2 * CODE),
        ("dnxhr_hqx", "yuv422p10le", CODE),
        ("dnxhr_444", "yuv444p10le", CODE),
    ],
)
def test_dnxhr(
    make_movie: MakeMovie, name: str, profile: str, pixel_format: str, loss: float
) -> None:
    """Its header names the matrix; this encoder writes BT.709."""
    needs("dnxhd")
    frames = [bars(pixel_format, BARS_709, 320, 160, shift=2 * number) for number in range(4)]
    rate = Fraction(24000, 1001)
    options = {"profile": profile}
    path = make_movie(name, "dnxhd", pixel_format, frames, options=options, rate=rate)

    clip = probe(str(path), SECTION)

    assert (len(clip.frames), clip.rate, clip.codec) == (4, rate, "dnxhd")
    assert clip.video is not None
    assert (clip.video.matrix, clip.video.range) == ("bt709", "limited")
    for number, picture in read(clip, clip.frames.frames()):
        assert_bars(picture, BARS_709, BAR_ERROR + loss)
        assert_ramp(picture, 2 * number, 1e-5 + loss)


def test_dv_of_ntsc_has_a_chroma_sample_every_fourth_column(make_movie: MakeMovie) -> None:
    rate = Fraction(30000, 1001)
    frames = [bars("yuv411p", BARS_601, 720, 480, shift=8 * number) for number in range(3)]
    path = make_movie("a.dv", "dvvideo", "yuv411p", frames, rate=rate, pixel_aspect=Fraction(8, 9))
    clip = probe(str(path), SECTION)
    assert (len(clip.frames), clip.rate, clip.pixel_aspect) == (3, rate, Fraction(8, 9))
    for number, picture in read(clip, [0, 1, 2]):
        assert_bars(picture, BARS_601, 4 * CODE)
        assert_ramp(picture, 8 * number, 5 * CODE)


def test_large_untagged_movies_are_bt709(make_movie: MakeMovie) -> None:
    path = make_movie("a.mkv", "ffv1", "yuv420p", [bars("yuv420p", BARS_709, 160, 720)])
    clip = probe(str(path), SECTION)
    assert_bars(read_frame(clip, 0), BARS_709, BAR_ERROR)


def test_tags_overrule_the_size(make_movie: MakeMovie) -> None:
    bt709, full = 1, 2
    grey = [np.full((48, 64), 51), np.full((24, 32), 128), np.full((24, 32), 178)]
    path = make_movie(
        "a.mp4",
        "libx264",
        "yuv420p",
        [grey] * 3,
        options={"qp": "0"},
        tags={"colorspace": bt709, "color_range": full},
    )
    clip = probe(str(path), SECTION)
    assert clip.video is not None
    assert (clip.video.matrix, clip.video.range) == ("bt709", "full")
    y, cr = 51 / 255, 50 / 255
    expected = torch.tensor([y + 1.5748 * cr, y - 0.468124 * cr, y])
    torch.testing.assert_close(read_frame(clip, 1)[:, 20, 20], expected, atol=1e-5, rtol=0)


def test_above_white_and_below_black_are_kept(make_movie: MakeMovie) -> None:
    luma = np.repeat(np.array([[1020, 4]]), 32, axis=0).repeat(32, axis=1)
    chroma = np.full((32, 32), 512)
    path = make_movie("a.mkv", "ffv1", "yuv422p10le", [[luma, chroma, chroma]])
    picture = read_frame(probe(str(path), SECTION), 0)
    assert picture[0, 0, 0].item() == pytest.approx((1020 - 64) / 876)
    assert picture[0, 0, -1].item() == pytest.approx((4 - 64) / 876)


def test_chroma_sits_on_even_columns_and_between_lines(make_movie: MakeMovie) -> None:
    """H.262, 6.1.1.8: a chroma ramp must not shift against the luma raster."""
    across, down = np.meshgrid(np.arange(32), np.arange(24))
    planes = [np.full((48, 64), 126), 100 + across, 100 + down]
    picture = read_frame(probe(str(make_movie("a.mkv", "ffv1", "yuv420p", [planes])), SECTION), 0)
    blue = (picture[2] - (126 - 16) / 219) / 1.772 * 224 + 128
    red = (picture[0] - (126 - 16) / 219) / 1.402 * 224 + 128
    torch.testing.assert_close(blue[10, :63], 100 + torch.arange(63) / 2, atol=1e-3, rtol=0)
    torch.testing.assert_close(
        red[1:47, 10], 100 + torch.arange(1, 47) / 2 - 0.25, atol=1e-3, rtol=0
    )


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "channels", "bits"),
    [
        ("a.mp4", "libx264rgb", "bgr24", "packed reversed", 8),
        ("a.mkv", "ffv1", "gbrp10le", "gbr", 10),
        ("a.mov", "png", "rgb24", "packed", 8),
        ("a.mov", "png", "rgb48be", "packed", 16),
        ("a.mkv", "ffv1", "gbrp16le", "gbr", 16),
        ("a.mkv", "ffv1", "gray10le", "grey", 10),
        ("a.mkv", "ffv1", "gray16le", "grey", 16),
        ("a.mkv", "ffv1", "gray", "grey", 8),
    ],
)
def test_rgb_and_grey_have_full_range(
    make_movie: MakeMovie, name: str, codec: str, pixel_format: str, channels: str, bits: int
) -> None:
    max_code = 2**bits - 1
    red, green, blue = (np.full((32, 48), max_code // part) for part in (1, 2, 5))
    planes = {
        "gbr": [green, blue, red],
        "packed reversed": [np.stack([blue, green, red], axis=-1)],
        "packed": [np.stack([red, green, blue], axis=-1)],
        "grey": [green],
    }[channels]
    path = make_movie(name, codec, pixel_format, [planes] * 2, options={"qp": "0"})
    clip = probe(str(path), SECTION)
    codes = [max_code // 2] * 3 if channels == "grey" else [max_code, max_code // 2, max_code // 5]
    picture = read_frame(clip, 1)
    assert picture.shape == (3, 32, 48)
    torch.testing.assert_close(picture[:, 7, 9], torch.tensor(codes) / max_code)


def test_a_single_frame_equals_the_frame_in_order(make_movie: MakeMovie) -> None:
    """A seek to a key frame must lead to the same picture as decoding from frame 0."""
    frames = [bars("yuv420p", BARS_601, 96, 48, shift=number % 90) for number in range(330)]
    path = make_movie("a.mp4", "libx264", "yuv420p", frames, options={"g": "40", "bf": "3"})
    clip = probe(str(path), SECTION)
    all_frames = dict(read(clip, clip.frames.frames()))
    for wanted in ([0], [101], [250], [320, 329], [5, 130, 131, 131, 300]):
        for number, picture in read(clip, wanted):
            assert torch.equal(picture, all_frames[number]), number


def test_film_toml_overrules_the_file(make_movie: MakeMovie) -> None:
    frames = [bars("yuv420p", BARS_601, shift=number) for number in range(5)]
    path = make_movie("a.mkv", "ffv1", "yuv420p", frames)
    section = ClipSection.model_validate(
        {"path": "x", "first": 1, "last": 3, "rate": 24, "pixel_aspect": "16/11", "fields": "top"}
    )
    clip = probe(str(path), section)
    assert (clip.frames.first, clip.frames.last, clip.rate) == (1, 3, 24)
    assert (clip.pixel_aspect, clip.fields) == (Fraction(16, 11), "top")
    with pytest.raises(MediaError, match="has the frames 1 to 3, not 4"):
        read_frame(clip, 4)
    with pytest.raises(MediaError, match="has the frames 0 to 4, not 1 to 9"):
        probe(str(path), section.model_copy(update={"last": 9}))
