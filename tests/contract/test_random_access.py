"""A frame that is read alone equals the same frame read in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unfade.film.clip import Clip
from unfade.media import probe, read, read_frame
from unfade.media.movies import decoding
from unfade.media.movies.index import IndexMismatchError, MovieIndex
from unfade.media.movies.reader import _DEINTERLACE_LEAD_FRAMES

from ..fixtures import decode_here
from .conftest import SECTION, MakeMovie

HEIGHT, WIDTH, FRAMES, GROUP = 144, 176, 60, 12
GROUPS = {"g": str(GROUP), "bf": "2", "threads": "1"}
CLOSED = {**GROUPS, "flags": "+cgop", "sc_threshold": "1000000000"}
H264 = {"g": str(GROUP), "bf": "2", "preset": "veryfast"}
DV = (576, 720)

MOVIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "PS, open groups": ("a.mpg", "mpeg2video", {"options": GROUPS}),
    "PS, closed groups": ("a.mpg", "mpeg2video", {"options": CLOSED}),
    "PS, fields": ("a.mpg", "mpeg2video", {"options": GROUPS, "fields": "tff"}),
    "VOB, fields": ("a.vob", "mpeg2video", {"options": GROUPS, "fields": "bff"}),
    "TS, open groups": ("a.ts", "mpeg2video", {"options": GROUPS}),
    "TS, fields": ("a.ts", "mpeg2video", {"options": GROUPS, "fields": "tff"}),
    "TS, H.264": ("a.ts", "libx264", {"options": H264}),
    "TS, H.264, open groups": (
        "a.ts", "libx264", {"options": {**H264, "x264-params": "open-gop=1"}},
    ),
    "TS, H.264, fields": (
        "a.ts", "libx264", {"options": {**H264, "x264-params": "interlaced=1"}},
    ),
    "elementary stream": ("a.m2v", "mpeg2video", {"options": GROUPS}),
    "AVI, MPEG-4": ("a.avi", "mpeg4", {"options": GROUPS}),
    "AVI, FFV1": ("a.avi", "ffv1", {}),
    "AVI, DV": ("a.avi", "dvvideo", {}),
    "DV": ("a.dv", "dvvideo", {}),
    "MOV, H.264": ("a.mov", "libx264", {"options": H264}),
    "MKV, MPEG-2 fields": ("a.mkv", "mpeg2video", {"options": GROUPS, "fields": "tff"}),
}  # fmt: skip


def pictures(height: int, width: int, woven: bool) -> list[list[np.ndarray]]:
    """Planes of a texture with a moving bar; all frames differ."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))

    def luma(instant: int) -> np.ndarray:
        texture = 80 + 30 * np.sin((across + instant) / 7) * np.cos(down / 9)
        start = 2 * instant % (width - 40)
        return np.where((across >= start) & (across < start + 40), 200, texture).round()

    grey = np.full((height // 2, width // 2), 128)
    frames = []
    for number in range(FRAMES):
        frame = luma(2 * number)
        if woven:
            frame[1::2] = luma(2 * number + 1)[1::2]
        frames.append([frame, grey, grey])
    return frames


@pytest.fixture(params=MOVIES, ids=str)
def clip(request: pytest.FixtureRequest, make_movie: MakeMovie) -> Clip:
    name, codec, settings = MOVIES[request.param]
    size = DV if codec == "dvvideo" else (HEIGHT, WIDTH)
    frames = pictures(*size, woven="fields" in request.param)
    path = make_movie(name, codec, "yuv420p", frames, **settings)
    return probe(str(path), SECTION)


@pytest.fixture
def called_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decodes in this process, where the test can watch."""

    decode_here(monkeypatch)


@pytest.fixture
def packets_read(called_here: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The start of each seek, and a zero for each packet read after it."""
    seek_log: list[int] = []
    real = decoding.packets_from

    def recording_packets(movie: Any, index: MovieIndex, frame: int) -> Iterator[Any]:
        seek_log.append(frame)
        for packet in real(movie, index, frame):
            seek_log.append(0)
            yield packet

    monkeypatch.setattr(decoding, "packets_from", recording_packets)
    return seek_log


def test_every_single_frame_equals_the_frame_in_order(clip: Clip, packets_read: list[int]) -> None:
    assert clip.random_access
    assert len(clip.frames) == FRAMES
    in_order = dict(read(clip, clip.frames.frames()))
    assert packets_read == []
    for number in reversed(range(FRAMES)):
        packets_read.clear()
        assert torch.equal(read_frame(clip, number), in_order[number]), number
        if number > 2 * GROUP + _DEINTERLACE_LEAD_FRAMES:
            assert packets_read[0] > number - 2 * GROUP - _DEINTERLACE_LEAD_FRAMES
        assert len(packets_read) < 4 * GROUP
    some = [3, 20, 47, 59]
    assert all(torch.equal(picture, in_order[number]) for number, picture in read(clip, some))


def mpeg(make_movie: MakeMovie) -> Path:
    frames = pictures(HEIGHT, WIDTH, woven=False)
    return make_movie("a.ts", "mpeg2video", "yuv420p", frames, options=GROUPS)


def test_a_failed_seek_decodes_from_the_start(
    make_movie: MakeMovie, called_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = probe(str(mpeg(make_movie)), SECTION)
    in_order = dict(read(clip, clip.frames.frames()))
    real = decoding.packets_from

    def lost(movie: Any, index: MovieIndex, frame: int) -> Iterator[Any]:
        for count, packet in enumerate(real(movie, index, frame)):
            if count == 9:
                raise IndexMismatchError
            yield packet

    monkeypatch.setattr(decoding, "packets_from", lost)
    read_alone = dict(read(clip, [5, 30, 31, 59]))
    assert all(torch.equal(read_alone[number], in_order[number]) for number in (5, 30, 31, 59))


def test_duplicate_times_give_no_index(make_movie: MakeMovie) -> None:
    path = mpeg(make_movie)
    path.write_bytes(path.read_bytes() * 2)
    clip = probe(str(path), SECTION)
    assert not clip.random_access
    in_order = dict(read(clip, clip.frames.frames()))
    last = clip.frames.last
    assert torch.equal(read_frame(clip, last), in_order[last])
