"""A movie that is cut off or damaged is refused, and never read in part."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest

from unfade.errors import MediaError
from unfade.media import probe, read
from unfade.media.movies.ffv1 import checksums_hold, has_checksums

from .conftest import SECTION, MakeMovie


def noise(
    count: int, height: int = 48, width: int = 64, halved: tuple[int, int] = (2, 2)
) -> list[list[np.ndarray]]:
    """Planes of noise; chroma is subsampled by `halved` horizontally and vertically."""
    random = np.random.default_rng(1)
    halves = (height // halved[1], width // halved[0])
    return [
        [random.integers(16, 235, size) for size in ((height, width), halves, halves)]
        for _ in range(count)
    ]


@pytest.fixture(
    params=[
        ("a.mkv", "ffv1", "yuv420p"),
        ("a.mkv", "mpeg2video", "yuv420p"),
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "prores_ks", "yuv422p10le"),
        ("a.avi", "mjpeg", "yuvj420p"),
    ],
    ids=lambda case: f"{case[1]} in {case[0][2:]}",
)
def movie(request: pytest.FixtureRequest, make_movie: MakeMovie) -> Path:
    name, codec, pixel_format = request.param
    options = {"movflags": "+faststart"} if name.endswith(("mp4", "mov")) else {}
    halved = (2, 1) if "422" in pixel_format else (2, 2)
    return make_movie(name, codec, pixel_format, noise(20, halved=halved), options=options)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.93])
def test_cut_off(movie: Path, share: float) -> None:
    whole = movie.read_bytes()
    movie.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(MediaError, match=rf"{movie.name}: .*; restore the file"):
        probe(str(movie), SECTION)


def test_one_wrong_byte_in_ffv1(make_movie: MakeMovie) -> None:
    """The decoder conceals the error with the frame before; only the checksum reveals it."""
    path = make_movie("a.mkv", "ffv1", "yuv420p", noise(20), options={"slicecrc": "1"})
    clip = probe(str(path), SECTION)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    path.write_bytes(bytes(damaged))
    for _ in range(2):
        with pytest.raises(MediaError, match=r"is damaged near frame (9|10|11) "):
            list(read(clip, clip.frames.frames()))


@pytest.mark.parametrize("level", ["3", "4"])
def test_checksums_of_ffv1(make_movie: MakeMovie, level: str) -> None:
    options = {"level": level, "slices": "4", "slicecrc": "1", "strict": "experimental"}
    path = make_movie("a.mkv", "ffv1", "yuv420p", noise(2), options=options)
    with av.open(str(path)) as movie:
        packets = [bytes(packet) for packet in movie.demux(video=0) if packet.size]
    assert has_checksums(str(path))
    assert all(map(checksums_hold, packets))
    for offset in (0, len(packets[0]) // 2, len(packets[0]) - 1):
        damaged = bytearray(packets[0])
        damaged[offset] ^= 1
        assert not checksums_hold(bytes(damaged))
    assert not checksums_hold(packets[0][:-1])
    assert not checksums_hold(b"")


def test_ffv1_without_checksums_is_read(make_movie: MakeMovie) -> None:
    path = make_movie("a.mkv", "ffv1", "yuv420p", noise(2), options={"slicecrc": "0"})
    assert not has_checksums(str(path))
    assert len(probe(str(path), SECTION).frames) == 2


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


def test_a_file_that_is_not_a_movie(tmp_path: Path) -> None:
    (tmp_path / "notes.mkv").write_text("these are not the frames you are looking for\n" * 50)
    with pytest.raises(MediaError, match=r"notes.mkv: cannot be read"):
        probe(str(tmp_path / "notes.mkv"), SECTION)
    with pytest.raises(MediaError, match=r"gone.mkv: is missing"):
        probe(str(tmp_path / "gone.mkv"), SECTION)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "ffv1"), ("a.mp4", "mpeg4"), ("a.avi", "mjpeg")]
)
def test_an_overwritten_part_of_the_container(make_movie: MakeMovie, name: str, codec: str) -> None:
    """An overwritten header loses its frames, and they never reach the decoder."""
    path = make_movie(name, codec, "yuvj420p" if codec == "mjpeg" else "yuv420p", noise(20))
    with av.open(str(path)) as movie:
        offset = [packet.pos for packet in movie.demux(video=0) if packet.size][10]
    damaged = bytearray(path.read_bytes())
    damaged[offset - 12 : offset + 200] = bytes(212)
    path.write_bytes(bytes(damaged))
    with pytest.raises(MediaError, match=rf"{name}: .*; restore the file"):
        probe(str(path), SECTION)


def test_no_thread_of_ffmpeg_calls_python_to_log(make_movie: MakeMovie) -> None:
    """Such a thread would wait for the interpreter lock, which the thread that closes the decoder
    may hold."""
    probe(str(make_movie("a.mkv", "ffv1", "yuv420p", noise(2))), SECTION)
    assert av.logging.get_level() is None


def test_damaged_and_undamaged_movies_read_in_parallel(
    make_movie: MakeMovie, tmp_path: Path
) -> None:
    """Each movie is judged by its own packets."""
    kinds = [
        ("ffv1.mkv", "ffv1", "yuv420p", (2, 2), {"slicecrc": "1"}),
        ("h264.mp4", "libx264", "yuv420p", (2, 2), {"preset": "veryfast"}),
        ("mpeg2.mpg", "mpeg2video", "yuv420p", (2, 2), {}),
        ("prores.mov", "prores_ks", "yuv422p10le", (2, 1), {}),
    ]
    wanted = {}
    for name, codec, pixel_format, halved, options in kinds:
        pictures = noise(12, height=96, width=128, halved=halved)
        good = make_movie(name, codec, pixel_format, pictures, options=options)
        damaged = bytearray(good.read_bytes())
        with av.open(str(good)) as movie:
            start = [packet.pos for packet in movie.demux(video=0) if packet.size][6]
        damaged[start : start + 150] = bytes(150)
        (tmp_path / f"damaged-{name}").write_bytes(bytes(damaged))
        wanted |= {f"damaged-{name}": False, name: True}

    def is_whole(name: str) -> bool:
        path = str(tmp_path / name)
        try:
            return len(probe(path, SECTION).frames) == 12
        except MediaError as error:
            return not str(error).startswith(f"{path}: ")

    names = list(wanted) * 3
    with ThreadPoolExecutor(4) as pool:
        assert dict(zip(names, pool.map(is_whole, names), strict=True)) == wanted
