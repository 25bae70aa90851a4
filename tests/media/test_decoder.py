"""A decoder that crashes, hangs, or takes too much memory takes nothing else down."""

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from unfade.errors import MediaError
from unfade.film.clip import Clip
from unfade.media import MovieWriter, frame_checksums, probe, read, read_frame
from unfade.media.movies import decoder as decoders
from unfade.media.movies.decoder import Decoder
from unfade.project.settings import ClipSection

from ..fixtures import decode_here

FRAMES = 60
SIZE = 96, 72
PATIENCE_S = 30
"""Seconds until a process must have done what it does at once on an idle machine."""


@pytest.fixture(scope="module")
def clips(shared_folder: Path) -> list[Clip]:
    """Movies of four codecs, whose frames all differ."""
    codecs = {
        "a.mpg": ("mpeg2video", "yuv420p"),
        "a.mov": ("prores_ks", "yuv422p10le"),
        "a.mkv": ("ffv1", "yuv444p10le"),
        "a.mp4": ("libx264", "yuv420p"),
    }
    for number, (name, (codec, pixel_format)) in enumerate(codecs.items()):
        generator = torch.Generator().manual_seed(number)
        with MovieWriter(
            shared_folder / name,
            codec=codec,
            width=SIZE[0],
            height=SIZE[1],
            rate=Fraction(25),
            pixel_format=pixel_format,
        ) as movie:
            for _ in range(FRAMES):
                movie.write(torch.rand(3, SIZE[1], SIZE[0], generator=generator))
    return [probe(str(shared_folder / name), ClipSection(path="x")) for name in codecs]


@pytest.fixture
def clip(clips: list[Clip]) -> Iterator[Clip]:
    """A movie, and no process that is left from an earlier test or for a later one."""
    decoders._end_idle()
    yield clips[2]
    decoders._end_idle()


def children(process: int | str = "self") -> set[int]:
    """The processes that a process has started."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return {int(one) for task in tasks for one in (task / "children").read_text().split()}


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_pixels_are_those_of_a_decoder_in_the_program(
    clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit by bit, also after a seek, deinterlaced, and woven."""
    for clip in clips:
        frames = [*range(8), 40, 41, 59]
        for changed in ({}, {"fields": "top"}, {"random_access": False}):
            changed_clip = clip.model_copy(update=changed)
            there = dict(read(changed_clip, frames))
            sums = frame_checksums(changed_clip, frames, str)
            with monkeypatch.context() as patch:
                decode_here(patch)
                here = dict(read(changed_clip, frames))
                assert sums == frame_checksums(changed_clip, frames, str)
            assert [*there] == [*here] == frames
            assert all(torch.equal(there[frame], here[frame]) for frame in frames)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_decoder_that_crashes_is_one_sentence(clip: Clip, number: signal.Signals) -> None:
    pictures = read(clip, clip.frames.frames())
    assert next(pictures)[0] == 0
    (process,) = children()
    os.kill(process, number)
    crashed = rf"a\.mkv: its decoder has crashed \({number.name}\) near frame \d+; restore the file"
    with pytest.raises(MediaError, match=crashed):
        list(pictures)
    assert not children()
    assert len(list(read(clip, range(3)))) == 3


def test_a_decoder_that_is_killed_while_a_movie_is_surveyed(clip: Clip) -> None:
    def kill(frames: Any, *_: object) -> Iterator[Any]:
        for process in children():
            os.kill(process, signal.SIGKILL)
        yield from frames

    with pytest.raises(MediaError, match=r"a\.mkv: its decoder was killed (near|while)"):
        probe(clip.path, ClipSection(path="x"), kill)


def test_a_decoder_that_hangs_is_killed(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "HANG_TIMEOUT_S", 0.5)
    pictures = read(clip, clip.frames.frames())
    next(pictures)
    (process,) = children()
    os.kill(process, signal.SIGSTOP)
    hangs = r"a\.mkv: its decoder makes no progress near frame \d+ for 0\.5 seconds; check the disk"
    with pytest.raises(MediaError, match=hangs):
        list(pictures)
    assert not children()


def test_a_reader_that_stops_early_does_not_wait_for_a_decoder_that_hangs(clip: Clip) -> None:
    pictures = read(clip, clip.frames.frames())
    next(pictures)
    (process,) = children()
    os.kill(process, signal.SIGSTOP)
    started = time.monotonic()
    pictures.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 5
    assert not children()


def test_a_decoder_that_takes_too_much_memory_is_stopped(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A movie of 4096 x 3112 pixels fits into the usual limit, and not into 100 MB."""
    path, size = tmp_path / "large.mov", (4096, 3112)
    with MovieWriter(
        path,
        codec="prores_ks",
        width=size[0],
        height=size[1],
        rate=Fraction(24),
        pixel_format="yuv422p10le",
    ) as movie:
        movie.write(torch.full((3, *size[::-1]), 0.4))
    assert probe(str(path), ClipSection(path="x")).width == size[0]
    decoders._end_idle()
    monkeypatch.setattr(decoders, "MEMORY_LIMIT_BYTES", 100 * 10**6)
    with pytest.raises(MediaError, match=r"large\.mov: its decoder takes more than 0\.0931 GB"):
        probe(str(path), ClipSection(path="x"))
    assert not children()


def test_a_header_that_claims_a_huge_picture_is_refused(tmp_path: Path) -> None:
    path, size = tmp_path / "huge.avi", struct.pack("<II", *SIZE)
    with MovieWriter(path, codec="ffv1", width=SIZE[0], height=SIZE[1], rate=Fraction(24)) as movie:
        movie.write(torch.full((3, *SIZE[::-1]), 0.4))
    content = path.read_bytes()
    start = content.index(size, content.index(b"strf"))
    path.write_bytes(content[:start] + struct.pack("<II", 12_000, 12_000) + content[start + 8 :])
    with pytest.raises(MediaError, match=r"huge\.avi: its header claims 12,000 x 12,000 pixels"):
        probe(str(path), ClipSection(path="x"))


PROGRAM = """
import sys
from unfade.film.clip import Clip
from unfade.media import read
clip = Clip.model_validate_json(sys.stdin.read())
try:
    for number, picture in read(clip, clip.frames.frames()):
        if number == 2:
            print("decoding", flush=True)
            sys.stdin = open(sys.argv[1])
            sys.stdin.read()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    ("number", "hangs"),
    [
        (signal.SIGKILL, False),
        (signal.SIGKILL, True),
        (signal.SIGTERM, False),
        (signal.SIGINT, True),
    ],
)
def test_no_decoder_outlives_the_program(
    clip: Clip, tmp_path: Path, number: signal.Signals, hangs: bool
) -> None:
    os.mkfifo(tmp_path / "wait")
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path / "wait"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(clip.model_dump_json())
        program.stdin.close()
        assert program.stdout.readline() == "decoding\n"
        started = children(program.pid)
        assert len(started) == 1
        if hangs:
            os.kill(*started, signal.SIGSTOP)
        os.kill(program.pid, number)
        assert program.stdout.read() == ("interrupted\n" if number == signal.SIGINT else "")
        program.wait(PATIENCE_S)
    wait_for(lambda: not any(map(is_running, started)))


def test_ctrl_c_does_not_reach_the_decoder(clip: Clip) -> None:
    """The terminal sends it to the process group of the program."""
    read_frame(clip, 3)
    (process,) = children()
    assert os.getpgid(process) == process != os.getpgid(0)


def test_the_process_is_kept_for_the_next_movie(clips: list[Clip], clip: Clip) -> None:
    seen = set()
    for each in clips:
        read_frame(each, 50)
        seen |= children()
    assert len(seen) == 1


def test_many_threads_read_movies_side_by_side(clips: list[Clip], clip: Clip) -> None:
    expected = {each.path: dict(read(each, each.frames.frames())) for each in clips}

    def agrees(number: int) -> bool:
        each = clips[number % len(clips)]
        frames = range(number, FRAMES, 7)
        pictures = dict(read(each, frames))
        return all(torch.equal(pictures[frame], expected[each.path][frame]) for frame in frames)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(agrees, range(24)))
    assert len(children()) <= decoders.MAX_IDLE_PROCESSES


def test_nothing_is_left_after_thirty_reads_crashes_and_early_ends(clips: list[Clip]) -> None:
    def use(number: int) -> None:
        each = clips[number % len(clips)]
        pictures = read(each, each.frames.frames())
        with suppress(MediaError):
            next(pictures)
            if number % 3 == 1:
                pictures.close()  # type: ignore[attr-defined]
            elif number % 3 == 2:
                os.kill(children().pop(), signal.SIGSEGV)
            list(pictures)

    def held() -> tuple[int, int, set[str], int]:
        decoders._end_idle()
        descriptors = len(os.listdir("/proc/self/fd"))
        return descriptors, threading.active_count(), {*os.listdir("/dev/shm")}, len(children())

    use(0)
    before = held()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(use, range(30)))
    wait_for(lambda: held() == before)


def test_the_process_loads_no_library_that_takes_long(clip: Clip) -> None:
    """It starts in about 0.1 seconds; torch alone takes two."""
    read_frame(clip, 0)
    (process,) = children()
    libraries = Path(f"/proc/{process}/maps").read_text()
    assert "libavcodec" in libraries
    assert not [name for name in ("torch", "cv2", "OpenImageIO", "pydantic") if name in libraries]


def test_an_error_keeps_its_traceback(clip: Clip) -> None:
    """An error that is a defect names the line of the decoder."""
    with Decoder(clip.path) as decoder, pytest.raises(NotADirectoryError) as caught:
        list(decoder.call(os.listdir))
    assert "in _answer" in caught.value.__notes__[0]
    assert len(children()) == 1
