"""Interlaced pictures are detected from their content, and made progressive."""

import av
import numpy as np
import pytest
import torch

from unfade.film.clip import FieldOrder
from unfade.media import probe, read, read_frame
from unfade.media.movies.weaving import plane_lines
from unfade.project.settings import ClipSection

from .conftest import SECTION, MakeMovie

HEIGHT, WIDTH = 144, 176
FRAMES = 30


def picture_at(instant: int) -> np.ndarray:
    """Luma of a bright bar, 40 columns wide, that moves 4 pixels an instant over a weak texture."""
    across, down = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    texture = 60 + 10 * np.sin(across / 7) * np.cos(down / 9)
    start = 4 * instant % (WIDTH - 40)
    return np.where((across >= start) & (across < start + 40), 180, texture).round()


def woven(even_lines: np.ndarray, odd_lines: np.ndarray) -> np.ndarray:
    luma = even_lines.copy()
    luma[1::2] = odd_lines[1::2]
    return luma


def with_grey_chroma(luma: np.ndarray) -> list[np.ndarray]:
    return [luma, np.full((HEIGHT // 2, WIDTH // 2), 128), np.full((HEIGHT // 2, WIDTH // 2), 128)]


def edges(picture: torch.Tensor, line: int) -> list[int]:
    """Columns at which a line of the picture crosses the middle of its range upwards."""
    bright = (picture[1, line] > (120 - 16) / 219).nonzero().flatten()
    return [int(bright.min()), int(bright.max())]


@pytest.mark.parametrize("name", ["a.mpg", "a.ts", "a.mkv"])
@pytest.mark.parametrize(("flag", "order"), [("tff", "top"), ("bff", "bottom")])
def test_fields_of_two_instants(make_movie: MakeMovie, name: str, flag: str, order: str) -> None:
    first_is_even = flag == "tff"
    frames = []
    for number in range(FRAMES):
        first, second = picture_at(2 * number), picture_at(2 * number + 1)
        luma = woven(first, second) if first_is_even else woven(second, first)
        frames.append(with_grey_chroma(luma))
    path = make_movie(name, "mpeg2video", "yuv420p", frames, fields=flag, options={"qmax": "2"})

    clip = probe(str(path), SECTION)

    assert clip.fields == order
    assert len(clip.frames) == FRAMES
    for number, picture in read(clip, [4, 9, 15]):
        start = 8 * number % (WIDTH - 40)
        for line in range(8, HEIGHT - 8, 13):
            assert edges(picture, line) == pytest.approx([start, start + 39], abs=1)


def test_film_with_its_fields_out_of_phase(make_movie: MakeMovie) -> None:
    """The two fields of a film frame are in neighbouring frames, so every motion combs. No line of
    it is lost."""
    frames = [
        with_grey_chroma(woven(picture_at(2 * number), picture_at(2 * number + 2)))
        for number in range(FRAMES)
    ]
    path = make_movie("a.mpg", "mpeg2video", "yuv420p", frames, fields="tff", options={"qmax": "2"})
    clip = probe(str(path), SECTION)
    assert clip.fields == "film"
    picture = read_frame(clip, 9)
    for line in (30, 31):
        assert edges(picture, line) == pytest.approx([72, 111], abs=0)


def test_pulldown_with_a_missing_frame(make_movie: MakeMovie) -> None:
    """Fields in turns of two and three; where a stored frame is missing, one field has lost its
    partner."""
    fields = [film for film in range(24) for _ in range(2 + film % 2)]
    stored = list(zip(fields[0::2], fields[1::2], strict=False))
    del stored[6]
    frames = [
        with_grey_chroma(woven(picture_at(2 * top), picture_at(2 * bottom)))
        for top, bottom in stored
    ]
    path = make_movie("a.mpg", "mpeg2video", "yuv420p", frames, fields="tff", options={"qmax": "2"})
    clip = probe(str(path), SECTION)
    assert clip.fields == "film"
    assert clip.cadence is not None
    torn = [
        number
        for number in range(1, len(stored) - 1)
        if stored[number][0] not in {stored[n][1] for n in (number - 1, number, number + 1)}
    ]
    assert torn
    assert [n for n in range(1, len(stored) - 1) if clip.cadence.weave[n] == "x"] == torn
    for number, picture in read(clip, clip.frames.frames()):
        start = 8 * stored[number][0] % (WIDTH - 40)
        for line in (30, 31):
            assert edges(picture, line) == pytest.approx([start, start + 39], abs=1)


def test_a_single_frame_is_field_matched_in_the_same_way(make_movie: MakeMovie) -> None:
    frames = [
        with_grey_chroma(woven(picture_at(2 * number), picture_at(2 * number + 2)))
        for number in range(220)
    ]
    path = make_movie("a.mkv", "mpeg2video", "yuv420p", frames, fields="tff")
    section = ClipSection(path="unused", first=3)
    clip = probe(str(path), section)
    pictures = dict(read(clip, clip.frames.frames()))
    for number in (3, 119, 120, 219):
        assert torch.equal(read_frame(clip, number), pictures[number])


def test_flagged_as_interlaced_but_progressive(make_movie: MakeMovie) -> None:
    """Most DVDs of films are flagged as interlaced; deinterlacing would cost half of the lines."""
    frames = [with_grey_chroma(picture_at(2 * number)) for number in range(FRAMES)]
    path = make_movie("a.mpg", "mpeg2video", "yuv420p", frames, fields="tff", options={"qmax": "2"})
    assert probe(str(path), SECTION).fields == "progressive"


def test_deinterlacing_keeps_every_frame(make_movie: MakeMovie) -> None:
    frames = [
        with_grey_chroma(woven(picture_at(2 * number), picture_at(2 * number + 1)))
        for number in range(220)
    ]
    path = make_movie("a.mkv", "mpeg2video", "yuv420p", frames, fields="tff")
    clip = probe(str(path), SECTION)
    pictures = dict(read(clip, clip.frames.frames()))
    assert list(pictures) == list(range(220))
    for number in (120, 199, 219):
        assert torch.equal(read_frame(clip, number), pictures[number])


def grainy(luma: np.ndarray, number: int) -> np.ndarray:
    """8-bit luma as 10-bit codes, with grain of 9 codes of 8 bits."""
    grain = np.random.default_rng(number).normal(0, 36, luma.shape)
    return np.clip(4 * luma + grain, 64, 940).round()


@pytest.mark.parametrize("flag", [None, "tff"])
@pytest.mark.parametrize(("name", "codec"), [("a.mov", "prores_ks"), ("a.mkv", "ffv1")])
def test_the_luma_of_a_grainy_scan_is_exact_on_every_line(
    make_movie: MakeMovie, name: str, codec: str, flag: str | None
) -> None:
    chroma = [np.full((HEIGHT, WIDTH // 2), 512)] * 2
    frames = [[grainy(picture_at(2 * number), number), *chroma] for number in range(12)]
    path = make_movie(name, codec, "yuv422p10le", frames, fields=flag)
    clip = probe(str(path), SECTION)
    assert (clip.fields, clip.cadence) == ("progressive", None)
    assert clip.fields_evidence.startswith("0 of 10 moving frames comb")
    with av.open(str(path)) as movie:
        stored = [plane_lines(frame, 0) / 4 for frame in movie.decode(video=0)]
    for number, picture in read(clip, range(12)):
        np.testing.assert_allclose(picture[1] * 219 + 16, stored[number], atol=1e-3)


@pytest.mark.parametrize("fields", ["progressive", "bottom"])
def test_film_toml_overrules_the_detection_and_the_evidence_stays(
    make_movie: MakeMovie, fields: FieldOrder
) -> None:
    frames = [
        with_grey_chroma(woven(picture_at(2 * number), picture_at(2 * number + 1)))
        for number in range(12)
    ]
    path = make_movie("a.mkv", "ffv1", "yuv420p", frames)
    assert probe(str(path), SECTION).fields_message() == (
        "interlaced, top field first (10 of 10 moving frames comb as stored and fit no neighbour); "
        "set fields = 'progressive' for it in film.toml if that is wrong"
    )
    clip = probe(str(path), ClipSection(path="unused", fields=fields))
    assert clip.fields == fields
    assert clip.fields_evidence == (
        "as film.toml says; the pictures show top: "
        "10 of 10 moving frames comb as stored and fit no neighbour"
    )
