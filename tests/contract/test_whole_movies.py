"""Movies whose headers count other frames than are shown are complete, and are read."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from unfade.media import probe, read_frame
from unfade.media.movies.cut_off import cut_off_at

from .conftest import SECTION, MakeMovie

FRAMES = 20


def greys(count: int = FRAMES) -> list[list[np.ndarray]]:
    """Frame n has the luma code 40 + 8 n."""
    chroma = np.full((24, 32), 128)
    return [[np.full((48, 64), 40 + 8 * number), chroma, chroma] for number in range(count)]


def remux(
    path: Path, to: Path, shift_s: Fraction, options: Mapping[str, str] | None = None
) -> Path:
    """The same packets in another file, with times `shift_s` seconds later."""
    with av.open(str(path)) as movie, av.open(str(to), "w", options=dict(options or {})) as copy:
        stream: Any = copy.add_stream_from_template(movie.streams.video[0])
        for packet in movie.demux(video=0):
            if packet.size:
                packet.stream = stream
                moved = int(shift_s / packet.time_base)
                packet.pts += moved
                packet.dts += moved
                copy.mux(packet)
    return to


def level(clip: Any, frame: int) -> int:
    """The luma code of a grey frame."""
    return round(float(read_frame(clip, frame).mean()) * 219 + 16)


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_trimmed_by_an_edit_list(make_movie: MakeMovie, tmp_path: Path, suffix: str) -> None:
    """Six frames are stored because later ones depend on them, and are not shown."""
    whole = make_movie("whole.mp4", "libx264", "yuv420p", greys(), options={"qp": "1"})
    cut = remux(whole, tmp_path / f"cut.{suffix}", Fraction(-6, 25))
    with av.open(str(cut)) as movie:
        assert movie.streams.video[0].frames == FRAMES
    clip = probe(str(cut), SECTION)
    assert len(clip.frames) == FRAMES - 6
    assert level(clip, 0) == pytest.approx(40 + 8 * 6, abs=1)
    assert level(clip, 13) == pytest.approx(40 + 8 * 19, abs=1)


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.avi", "late.mov"])
def test_times_that_do_not_start_at_zero(make_movie: MakeMovie, tmp_path: Path, name: str) -> None:
    whole = make_movie("whole.avi", "mpeg4", "yuv420p", greys(), options={"qscale": "1"})
    clip = probe(str(remux(whole, tmp_path / name, Fraction(3))), SECTION)
    assert len(clip.frames) == FRAMES
    assert level(clip, 19) == pytest.approx(40 + 8 * 19, abs=2)


def test_sound_that_goes_on_after_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as movie:
        picture: Any = movie.add_stream("ffv1", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound: Any = movie.add_stream("pcm_s16le", rate=8000, layout="mono")
        for _ in range(5):
            movie.mux(picture.encode(av.VideoFrame(64, 48, "yuv420p")))
        for number in range(10):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
            silence.sample_rate, silence.pts = 8000, 8000 * number
            movie.mux(sound.encode(silence))
        movie.mux(picture.encode(None))
    assert len(probe(str(path), SECTION).frames) == 5


def test_titles_that_are_not_utf8(make_movie: MakeMovie) -> None:
    for name in ("a.mkv", "a.avi", "a.mp4"):
        path = make_movie(name, "mpeg4", "yuv420p", greys(2), metadata={"title": "Le Chateau"})
        path.write_bytes(path.read_bytes().replace(b"Le Chateau", b"Le Ch\xe2teau"))
        assert len(probe(str(path), SECTION).frames) == 2


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.avi"])
def test_padding_after_the_last_part(make_movie: MakeMovie, name: str) -> None:
    path = make_movie(name, "mpeg4", "yuv420p", greys(2))
    path.write_bytes(path.read_bytes() + bytes(500))
    assert len(probe(str(path), SECTION).frames) == 2


def test_structure_of_containers(tmp_path: Path) -> None:
    """Containers written byte by byte, after the standards."""
    ebml, size_5 = bytes.fromhex("1A45DFA3"), b"\x85"
    segment, cluster, block = (bytes.fromhex(name) for name in ("18538067", "1F43B675", "A3"))
    live = bytes.fromhex("01FFFFFFFFFFFFFF")
    head = ebml + size_5 + bytes(5)
    blocks = 3 * (block + size_5 + bytes(5))
    box = (24).to_bytes(4, "big") + b"mdat" + bytes(16)
    large = (1).to_bytes(4, "big") + b"mdat" + (32).to_bytes(8, "big") + bytes(16)
    chunk = b"00dc" + (5).to_bytes(4, "little") + bytes(5)
    movi = b"LIST" + (4 + 2 * 14).to_bytes(4, "little") + b"movi" + 2 * (chunk + b"\0")
    unpadded = b"LIST" + (4 + 2 * 13).to_bytes(4, "little") + b"movi" + 2 * chunk
    riff = b"RIFF" + bytes(4) + b"AVI "
    whole = {
        "matroska,webm": [
            head + segment + bytes([0x80 + 5 + 21]) + cluster + bytes([0x80 + 21]) + blocks,
            head + segment + live + cluster + live + blocks + cluster + live + blocks,
        ],
        "mov,mp4,m4a": [box + box, box + large, box + large + bytes(7), large + bytes(64)],
        "avi": [riff + movi + b"idx1" + bytes(4), riff + unpadded, riff + movi + movi],
    }
    path = tmp_path / "a"
    for container, files in whole.items():
        for content in files:
            path.write_bytes(content)
            assert cut_off_at(str(path), container) is None, (container, content)
    cut = {
        "matroska,webm": (whole["matroska,webm"][1][:-1], len(whole["matroska,webm"][1]) - 7),
        "mov,mp4,m4a": ((box + large)[:-1], len(box)),
        "avi": ((riff + movi)[:-1], len(riff)),
    }
    for container, (content, offset) in cut.items():
        path.write_bytes(content)
        assert cut_off_at(str(path), container) == offset
    path.write_bytes(b"anything")
    assert cut_off_at(str(path), "mpeg") is None


def test_covers_and_posters_are_not_the_film(tmp_path: Path) -> None:
    """Neither a stream that is tagged as cover, nor a poster that comes first and is larger."""
    path = tmp_path / "poster.mkv"
    with av.open(str(path), "w") as movie:
        poster: Any = movie.add_stream("mjpeg", rate=25)
        poster.width, poster.height, poster.pix_fmt = 320, 320, "yuvj420p"
        film: Any = movie.add_stream("ffv1", rate=25)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        movie.mux(poster.encode(av.VideoFrame(320, 320, "yuvj420p")))
        for _ in range(3):
            movie.mux(film.encode(av.VideoFrame(64, 48, "yuv420p")))
        movie.mux(poster.encode(None))
        movie.mux(film.encode(None))
    clip = probe(str(path), SECTION)
    assert (clip.width, clip.height, len(clip.frames)) == (64, 48, 3)


def test_a_second_video_stream_is_a_remark(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as movie:
        streams: list[Any] = [movie.add_stream("ffv1", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for stream in streams:
            movie.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        for stream in streams:
            movie.mux(stream.encode(None))
    remarks = probe(str(path), SECTION).all_remarks()
    assert any("has 2 video streams" in remark for remark in remarks)


def test_frames_of_uneven_length_are_a_remark(tmp_path: Path) -> None:
    path = tmp_path / "vfr.mp4"
    with av.open(str(path), "w") as movie:
        stream: Any = movie.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in (0, 1, 2, 5, 6, 9, 10):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            movie.mux(stream.encode(frame))
        movie.mux(stream.encode(None))
    clip = probe(str(path), SECTION)
    assert len(clip.frames) == 7
    assert any("span 11 frame periods" in remark for remark in clip.all_remarks())


def test_evenly_spaced_frames_need_no_remark(make_movie: MakeMovie) -> None:
    clip = probe(str(make_movie("a.mkv", "ffv1", "yuv420p", greys(2))), SECTION)
    assert not any("periods" in remark or "streams" in remark for remark in clip.all_remarks())
