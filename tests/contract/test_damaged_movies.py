"""A movie that is cut off or damaged is refused, and never read as far as it goes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from unfade.errors import MediaError
from unfade.film.project import ClipSection
from unfade.media import probe, read

MakeMovie = Callable[..., Path]
SECTION = ClipSection(path="unused")


def noise(count: int, height: int = 48, width: int = 64) -> list[list[np.ndarray]]:
    random = np.random.default_rng(1)
    halves = (height // 2, width // 2)
    return [
        [random.integers(16, 235, size) for size in ((height, width), halves, halves)]
        for _ in range(count)
    ]


@pytest.fixture(
    params=[
        ("a.mkv", "ffv1", "yuv420p"),
        ("a.mkv", "mpeg2video", "yuv420p"),
        ("a.mp4", "libx264", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),
    ],
    ids=lambda case: f"{case[1]} in {case[0][2:]}",
)
def movie(request: pytest.FixtureRequest, make_movie: MakeMovie) -> Path:
    options = {"movflags": "+faststart"} if request.param[0] == "a.mp4" else {}
    return make_movie(*request.param, noise(20), options=options)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.93])
def test_cut_off(movie: Path, share: float) -> None:
    whole = movie.read_bytes()
    movie.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(MediaError, match=rf"{movie.name}: .*; restore the file"):
        probe(str(movie), SECTION)


def test_one_wrong_byte_in_ffv1(make_movie: MakeMovie) -> None:
    """The decoder hides it behind the frame before; its checksum tells."""
    path = make_movie("a.mkv", "ffv1", "yuv420p", noise(20), options={"slicecrc": "1"})
    clip = probe(str(path), SECTION)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    path.write_bytes(bytes(damaged))
    for _ in range(2):
        with pytest.raises(MediaError, match=r"is damaged near frame (9|10|11) "):
            list(read(clip, clip.frames.frames()))


def test_overwritten_in_the_middle(make_movie: MakeMovie) -> None:
    path = make_movie("a.mpg", "mpeg2video", "yuv420p", noise(20))
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 500] = bytes(500)
    path.write_bytes(bytes(damaged))
    with pytest.raises(MediaError, match="is damaged near frame"):
        probe(str(path), SECTION)


def test_shorter_than_when_it_was_ingested(make_movie: MakeMovie) -> None:
    clip = probe(str(make_movie("a.mpg", "mpeg2video", "yuv420p", noise(20))), SECTION)
    make_movie("a.mpg", "mpeg2video", "yuv420p", noise(12))
    with pytest.raises(MediaError, match="ends before frame 12"):
        list(read(clip, clip.frames.frames()))


def test_other_size_than_when_it_was_ingested(make_movie: MakeMovie) -> None:
    clip = probe(str(make_movie("a.mkv", "ffv1", "yuv420p", noise(2))), SECTION)
    make_movie("a.mkv", "ffv1", "yuv420p", noise(2, height=32))
    with pytest.raises(MediaError, match=r"frame 0 is 64 x 32 pixels, .* 64 x 48"):
        list(read(clip, [1]))


def test_no_movie_at_all(tmp_path: Path) -> None:
    (tmp_path / "notes.mkv").write_text("these are not the frames you are looking for\n" * 50)
    with pytest.raises(MediaError, match=r"notes.mkv: cannot be read"):
        probe(str(tmp_path / "notes.mkv"), SECTION)
    with pytest.raises(MediaError, match=r"gone.mkv: is missing"):
        probe(str(tmp_path / "gone.mkv"), SECTION)
