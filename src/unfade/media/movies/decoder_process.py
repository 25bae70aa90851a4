"""The process in which movies are decoded. It may crash, hang or be killed.

``decoder_process.py LINK MEMORY BYTES`` answers calls on the socket with the descriptor LINK. Large
parts of its answers pass through the file with the descriptor MEMORY. It may take BYTES of memory.
Standard input is a pipe that closes when the program ends.
"""

import gc
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

from unfade.errors import UnfadeError

Call = tuple[Callable[..., Iterator[Any]], tuple[Any, ...]]
"""A function and its arguments."""


class Answer(IntEnum):
    """What a message holds: an item of the answer, its end, or the error that has ended it."""

    ITEM = 0
    END = 1
    ERROR = 2


class _LinkClosedError(Exception):
    """The program needs no more answers."""


def serve(link: "Connection[Any, Any]", memory: int) -> None:
    """Answers calls until the program closes the link."""
    from unfade.media.movies import decoding  # noqa: F401 - now, and not in the first call
    from unfade.media.movies.heartbeat import report_in
    from unfade.media.movies.shared_ring import SharedRing

    ring = SharedRing(memory)
    report_in(ring.progress)
    gc.freeze()
    with suppress(_LinkClosedError):
        while True:
            _answer(link, ring)
            # Closed movies refer to themselves, and hold the memory of their frames.
            gc.collect()


def _answer(link: "Connection[Any, Any]", ring: Any) -> None:
    """
    Raises:
        _LinkClosedError: the program has closed the link.
    """
    items, call = _Items(link, ring), _receive(link)
    try:
        function, arguments = pickle.loads(call)
        for item in function(*arguments):
            items.send(item)
    except _LinkClosedError:
        raise
    except Exception as error:  # noqa: BLE001 - raised again in the program
        items.wait_for(0)
        _send(link, Answer.ERROR, _portable(error))
    else:
        items.wait_for(0)
        _send(link, Answer.END)


class _Items:
    """The items of an answer. The program confirms those whose memory it needs no more, with a byte
    for each."""

    def __init__(self, link: "Connection[Any, Any]", ring: Any) -> None:
        self._link, self._ring = link, ring
        self._sent = self._unconfirmed = 0

    def send(self, item: object) -> None:
        """Sends an item, as soon as a slot is free. Its arrays pass through the ring."""
        from unfade.media.movies.shared_ring import slot_size

        outside: list[pickle.PickleBuffer] = []
        inside = pickle.dumps(item, 5, buffer_callback=outside.append)
        buffers = [one.raw() for one in outside]
        sizes = [*map(len, buffers)]
        if slot_size(sizes) > self._ring.slot_bytes:
            self.wait_for(0)
            self._ring.resize(slot_size(sizes))
        self.wait_for(self._ring.slots - 1)
        self._ring.write(self._sent, buffers)
        _send(self._link, Answer.ITEM, inside, self._ring.slot_bytes, sizes)
        self._sent += 1
        self._unconfirmed += 1

    def wait_for(self, unconfirmed: int) -> None:
        """Waits until no more than so many items are not confirmed."""
        while self._unconfirmed > unconfirmed:
            self._unconfirmed -= len(_receive(self._link))


def _receive(link: "Connection[Any, Any]") -> bytes:
    with _errors_of_link():
        return link.recv_bytes()


def _send(link: "Connection[Any, Any]", kind: Answer, *content: object) -> None:
    message = pickle.dumps((int(kind), *content))
    with _errors_of_link():
        link.send_bytes(message)


@contextmanager
def _errors_of_link() -> Iterator[None]:
    """Tells the end of the link from the errors of functions, which are of the same classes."""
    try:
        yield
    except (EOFError, ConnectionError) as error:
        raise _LinkClosedError from error


def _portable(error: Exception) -> Exception:
    """The error; that of a defect has its traceback as text, because a traceback cannot be sent. An
    error that cannot be sent becomes another one."""
    if not isinstance(error, UnfadeError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - errors of libraries have constructors of their own
        return RuntimeError("".join(traceback.format_exception(error)))
    return error


def _end_with_program() -> None:
    """Makes the system kill this process when standard input closes, even if it hangs."""
    import fcntl
    import signal

    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


def _limit_memory(limit_bytes: int) -> None:
    """Bounds the memory of this process, and makes it the first one that the system kills when
    memory is short. A crash leaves no image of the memory on the disk."""
    import resource

    for kind, limit in ((resource.RLIMIT_DATA, limit_bytes), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, hard))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _without_init_of_media() -> None:
    """Imports the package `unfade.media` as an empty one: its names come from libraries that take
    longer to import than a movie to open."""
    package = ModuleType("unfade.media")
    package.__path__ = [str(Path(__file__).parents[1])]
    sys.modules["unfade.media"] = package


if __name__ == "__main__":
    _end_with_program()
    _limit_memory(int(sys.argv[3]))
    _without_init_of_media()
    # Under its true name, by which messages refer to it.
    from unfade.media.movies.decoder_process import serve

    serve(Connection(int(sys.argv[1])), int(sys.argv[2]))
