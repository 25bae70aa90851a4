"""A decoder that crashes, hangs, or takes too much memory takes nothing else down."""

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import wave
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


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends every wait for a decoder."""
    monkeypatch.setattr(decoders, "HANG_TIMEOUT_S", float(PATIENCE_S))


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
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        pytest.skip("the processes of a process are known from the /proc of Linux")
    decoders._end_idle()
    yield clips[2]
    decoders._end_idle()


def children(process: int | str = "self") -> set[int]:
    """The processes that a process has started."""
    found: set[int] = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        # A thread may end meanwhile.
        with suppress(FileNotFoundError, ProcessLookupError):
            found |= {int(one) for one in (task / "children").read_text().split()}
    return found


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
    read_frame(clip, 0)
    monkeypatch.setattr(decoders, "HANG_TIMEOUT_S", 2.0)
    pictures = read(clip, clip.frames.frames())
    next(pictures)
    (process,) = children()
    os.kill(process, signal.SIGSTOP)
    hangs = r"a\.mkv: its decoder makes no progress near frame \d+ for 2 seconds; check the disk"
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
    """A small movie fits into the limit, and a frame of 4096 x 3112 pixels, 51 MB, does not."""
    small, large = (prores(tmp_path / f"{name}.mov", size) for name, size in MOVIE_SIZES.items())
    pictures = read(probe(small, ClipSection(path="x")), range(2))
    next(pictures)
    (process,) = children()
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines()
    )
    limit_bytes = 1024 * int(status["VmData"].removesuffix("kB")) + 20 * 10**6
    list(pictures)
    assert probe(large, ClipSection(path="x")).width == 4096
    decoders._end_idle()
    monkeypatch.setattr(decoders, "MEMORY_LIMIT_BYTES", limit_bytes)
    assert len(probe(small, ClipSection(path="x")).frames) == 2
    limit = re.escape(f"{limit_bytes / 10**9:.3g} GB")
    with pytest.raises(MediaError, match=rf"large\.mov: its decoder takes more than {limit} of"):
        probe(large, ClipSection(path="x"))
    assert not children()


MOVIE_SIZES = {"small": (96, 72), "large": (4096, 3112)}
"""Width and height of movies, by their names."""


def prores(path: Path, size: tuple[int, int]) -> str:
    width, height = size
    with MovieWriter(
        path,
        codec="prores_ks",
        width=width,
        height=height,
        rate=Fraction(24),
        pixel_format="yuv422p10le",
    ) as movie:
        for _ in range(2):
            movie.write(torch.full((3, height, width), 0.4))
    return str(path)


PROGRAM = """
import sys, time
from unfade.film.clip import Clip
from unfade.media import read
clip = Clip.model_validate_json(sys.argv[1])
try:
    for number, picture in read(clip, clip.frames.frames()):
        if number == 2:
            print("decoding", flush=True)
            time.sleep(float(sys.argv[2]))
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
def test_no_decoder_outlives_the_program(clip: Clip, number: signal.Signals, hangs: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, clip.model_dump_json(), str(2 * PATIENCE_S)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            assert select.select([program.stdout], [], [], PATIENCE_S)[0]
            assert program.stdout.readline() == "decoding\n"
            started = children(program.pid)
            assert len(started) == 1
            if hangs:
                os.kill(*started, signal.SIGSTOP)
            os.kill(program.pid, number)
            output, _ = program.communicate(timeout=PATIENCE_S)
            assert output == ("interrupted\n" if number == signal.SIGINT else "")
        finally:
            program.kill()
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


def test_nothing_is_left_after_thirty_reads_crashes_and_early_ends(
    clips: list[Clip], clip: Clip
) -> None:
    def use(number: int) -> None:
        each = clips[number % len(clips)]
        pictures = read(each, each.frames.frames())
        with suppress(MediaError):
            next(pictures)
            if number % 3 == 1:
                pictures.close()  # type: ignore[attr-defined]
            elif number % 3 == 2:
                # Another thread may have ended it meanwhile.
                for process in [*children()][:1]:
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGSEGV)
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
    pictures = read(clip, clip.frames.frames())
    next(pictures)
    (process,) = children()
    libraries = Path(f"/proc/{process}/maps").read_text()
    pictures.close()  # type: ignore[attr-defined]
    assert "libavcodec" in libraries
    assert not [name for name in ("torch", "cv2", "OpenImageIO", "pydantic") if name in libraries]


def test_an_error_keeps_its_traceback(clip: Clip) -> None:
    """An error that is a defect names the line of the decoder."""
    with Decoder(clip.path) as decoder, pytest.raises(NotADirectoryError) as caught:
        list(decoder.call(os.listdir))
    assert "in _answer" in caught.value.__notes__[0]
    assert len(children()) == 1


def test_an_end_of_file_that_a_function_meets_is_its_error(clip: Clip, tmp_path: Path) -> None:
    """It is no end of the process, which answers the next call."""
    (tmp_path / "empty.wav").touch()
    with Decoder(str(tmp_path / "empty.wav")) as decoder:
        for _ in range(2):
            with pytest.raises(EOFError) as caught:
                list(decoder.call(wave.open))
            assert "in _answer" in caught.value.__notes__[0]
    assert len(children()) == 1


def test_a_decoder_that_cannot_start_is_a_defect(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is not to blame."""
    (tmp_path / "av.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match=r"decoder of .*a\.mkv has ended with status 1"):
        read_frame(clip, 0)


def test_a_call_after_one_that_was_given_up_gets_its_own_answer(clip: Clip, tmp_path: Path) -> None:
    (tmp_path / "name").touch()
    with Decoder(str(tmp_path)) as decoder:
        given_up = decoder.call(os.walk)
        assert next(given_up)[2] == ["name"]
        assert list(decoder.call(os.listdir)) == ["name"]
        with pytest.raises(MediaError, match="its decoder was killed"):
            list(given_up)


def test_a_system_without_the_calls_of_unix_decodes_in_the_program(clips: list[Clip]) -> None:
    program = subprocess.run(
        [sys.executable, "-c", WINDOWS_PROGRAM, clips[0].model_dump_json()],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    assert (program.stdout, program.stderr) == ("60\n", "")


WINDOWS_PROGRAM = """
import multiprocessing.spawn, os, select, signal, subprocess, sys
import av, cv2, numpy, OpenImageIO, PyOpenColorIO, torch
from unfade.film.clip import Clip
sys.modules |= {"fcntl": None, "resource": None}
del os.fork, select.poll, signal.SIGKILL
subprocess.Popen = None
sys.platform = "win32"
from unfade.media import read
clip = Clip.model_validate_json(sys.argv[1])
print(len(list(read(clip, clip.frames.frames()))))
"""
