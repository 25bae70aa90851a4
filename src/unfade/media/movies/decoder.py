"""Decodes movies in another process, so that a decoder that crashes, hangs or takes too much memory
takes nothing else down. On Windows they are decoded in the program itself."""

from __future__ import annotations

import atexit
import functools
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from multiprocessing.spawn import get_executable
from threading import Lock
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from unfade.errors import MediaError
from unfade.media.movies import decoder_process
from unfade.media.movies.decoder_process import Answer, Call
from unfade.media.movies.heartbeat import FRAME, NO_FRAME, STEPS
from unfade.media.movies.shared_ring import SharedRing

IS_GUARDED = sys.platform != "win32"
"""Whether movies are decoded in another process; that needs signals and limits of Unix."""

HANG_TIMEOUT_S = 300.0
"""Seconds without progress after which a decoder counts as hanging; a disk that spins up takes far
less."""

MEMORY_LIMIT_BYTES = 12 * 10**9
"""Largest memory of a decoder, without the frames that it sends. FFV1 of 4096 x 3112 pixels in 16
bits takes 2.1 GB in 16 threads, the most that FFmpeg starts; 8K takes four times as much."""

MAX_IDLE_PROCESSES = 4
"""Processes that are kept for the next movie: a source and three references."""

_END_TIMEOUT_S = 1.0
"""Seconds until a process that has closed its link has ended by itself: the system writes no image
of its memory, which would take longer."""

_KILL_TIMEOUT_S = 5.0
"""Seconds until a killed process has ended; only one that waits for a broken disk takes longer."""

_REMEDY = "restore the file, or convert it to FFV1 with another program"

P = ParamSpec("P")
R = TypeVar("R")


class Decoder:
    """Calls functions on a movie in another process.

    The process starts with the first call, and serves another movie after `close`. Its memory is
    bounded, it ends with the program, and Ctrl-C does not reach it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._process: _Process | None = None
        self._is_busy = self._is_closed = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kills the process if a call is in progress; keeps it for another movie if not. Another
        thread that waits for the call gets an error."""
        with self._lock:
            process, self._process, self._is_closed = self._process, None, True
        if process is not None:
            process.kill() if self._is_busy else _keep(process)

    def call(
        self, function: Callable[Concatenate[str, P], Iterator[R]], *args: P.args, **named: P.kwargs
    ) -> Generator[R, None, None]:
        """The items that a function of a module gives for the movie. Arrays in an item are valid
        until the next one is taken.

        Raises:
            MediaError: the decoder crashes, makes no progress for `HANG_TIMEOUT_S`, or takes more
                memory than `MEMORY_LIMIT_BYTES`.
            Exception: the error of the function.
        """
        if not IS_GUARDED:
            yield from function(self.path, *args, **named)
            return
        process = self._claim()
        try:
            process.send((functools.partial(function, self.path, **named), args))
            while (answer := process.receive())[0] == Answer.ITEM:
                yield process.item(*answer[1:])
            self._is_busy = False
        except TimeoutError as error:
            process.kill()
            raise MediaError(
                f"{self.path}: its decoder makes no progress {_where(process)} for "
                f"{HANG_TIMEOUT_S:g} seconds; check the disk or network that holds it, or restore "
                "the file"
            ) from error
        except (EOFError, OSError) as error:
            raise self._as_end(process) from error
        if answer[0] == Answer.ERROR:
            try:
                raise self._as_error(answer[1], process)
            finally:
                # The error refers to this frame: it must not refer to the error.
                del answer

    def _claim(self) -> _Process:
        """The process, for a call; another one if it has ended, or still answers a call that was
        given up."""
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the decoder is closed")
            if self._process and (self._is_busy or not self._process.is_alive):
                self._process.kill()
                self._process = None
            if self._process is None:
                self._process = _take() or _Process()
            self._is_busy = True
            return self._process

    def _as_end(self, process: _Process) -> Exception:
        """The error of a process that has ended; it is a defect if no signal has ended it."""
        status = process.end()
        if status is not None and status > 0:
            return RuntimeError(f"the decoder of {self.path} has ended with status {status}")
        return MediaError(
            f"{self.path}: its decoder {_how_ended(status)} {_where(process)}; {_REMEDY}"
        )

    def _as_error(self, error: Exception, process: _Process) -> Exception:
        if not isinstance(error, MemoryError):
            return error
        process.kill()
        return MediaError(
            f"{self.path}: its decoder takes more than {MEMORY_LIMIT_BYTES / 10**9:.3g} GB of "
            f"memory {_where(process)}; {_REMEDY}"
        )


class _Process:
    """A process of `decoder_process.py`, which answers one call at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with closing(theirs):
            timeout = struct.pack("ll", int(HANG_TIMEOUT_S), int(HANG_TIMEOUT_S % 1 * 1e6))
            for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                ours.setsockopt(socket.SOL_SOCKET, direction, timeout)
            self._link: Connection[Any, Any] = Connection(ours.detach())
            memory = _file_without_name()
            self._ring = SharedRing(memory)
            self._popen = _start(theirs.fileno(), memory)
        self._poll = select.poll()
        self._poll.register(self._link, select.POLLIN)
        self._received = self._unconfirmed = 0

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._popen.poll() is None

    @property
    def frame(self) -> int:
        """Number of the frame that is decoded."""
        return int(self._ring.progress[FRAME])

    def send(self, call: Call) -> None:
        """Sends a call."""
        self._received = self._unconfirmed = 0
        self._ring.progress[FRAME] = NO_FRAME
        self._link.send_bytes(pickle.dumps(call))

    def receive(self) -> tuple[Any, ...]:
        """The next message.

        Raises:
            TimeoutError: the process makes no progress.
            EOFError, OSError: the process has ended.
        """
        if self._unconfirmed and not self._poll.poll(0):
            self._confirm()
        steps = self._ring.progress[STEPS]
        try:
            while not self._poll.poll(HANG_TIMEOUT_S * 1000):
                if steps == self._ring.progress[STEPS]:
                    raise TimeoutError
                steps = self._ring.progress[STEPS]
            message: tuple[Any, ...] = pickle.loads(self._link.recv_bytes())
            return message
        except BlockingIOError as error:
            raise TimeoutError from error

    def item(self, inside: bytes, slot_bytes: int, sizes: list[int]) -> Any:
        """An item whose arrays are in the ring, until the next message is received."""
        self._ring.resize(slot_bytes)
        if self._unconfirmed > self._ring.slots // 2:
            self._confirm()
        number, self._received = self._received, self._received + 1
        self._unconfirmed += 1
        return pickle.loads(inside, buffers=self._ring.places(number, sizes))

    def _confirm(self) -> None:
        """Lets the process reuse the memory of the items before the next one."""
        self._link.send_bytes(bytes(self._unconfirmed))
        self._unconfirmed = 0

    def release(self) -> None:
        """Frees what the ring takes."""
        self._ring.release()

    def kill(self) -> None:
        """Ends the process."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        self._popen.kill()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_KILL_TIMEOUT_S)

    def end(self) -> int | None:
        """The status with which the process has ended; it is killed if it has not. None if that
        takes longer than `_KILL_TIMEOUT_S`."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_END_TIMEOUT_S)
        self.kill()
        return self._popen.returncode


def _start(link: int, memory: int) -> subprocess.Popen[bytes]:
    """Starts the process. It is in a process group of its own, which Ctrl-C does not reach."""
    program = os.fsdecode(get_executable()), "-P", decoder_process.__file__
    return subprocess.Popen(
        [*program, str(link), str(memory), str(MEMORY_LIMIT_BYTES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(link, memory),
        process_group=0,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            # NumPy computes little there, and its threads take time to start.
            "OPENBLAS_NUM_THREADS": "1",
        },
    )


def _file_without_name() -> int:
    """The descriptor of a file in memory, which has no name; on the disk where there is none."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("unfade-frames")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


_idle: defaultdict[int, list[_Process]] = defaultdict(list)
"""Processes that wait for a movie, by the process that has started them: a copy of the program that
`fork` makes must not use them."""


def _take() -> _Process | None:
    """A process that waits; None if there is none."""
    with suppress(IndexError):
        while not (process := _idle[os.getpid()].pop()).is_alive:
            process.kill()
        return process
    return None


def _keep(process: _Process) -> None:
    """Keeps a process for the next movie."""
    waiting = _idle[os.getpid()]
    if len(waiting) >= MAX_IDLE_PROCESSES:
        process.kill()
        return
    process.release()
    waiting.append(process)


@atexit.register
def _end_idle() -> None:
    while process := _take():
        process.kill()


def _how_ended(status: int | None) -> str:
    if not status:
        return "has ended without an answer"
    if status == -signal.SIGKILL:
        return "was killed"
    return f"has crashed ({signal.Signals(-status).name})"


def _where(process: _Process) -> str:
    return (
        "while it opens the movie" if process.frame == NO_FRAME else f"near frame {process.frame}"
    )
