"""Work on what comes, several at a time, in order."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread, current_thread
from typing import TypeVar

import torch

from unfade.errors import MediaError

FRAMES_AHEAD = 4
"""Bounds the memory of reading ahead: a 2K frame takes 38 MB."""

STUCK_S = 300.0
"""Seconds without a packet or frame after which a file counts as one that hangs: a disk that spins
up takes far less."""

_FAREWELL_S = 10.0
"""Seconds to wait for a reader to close its file before the thread is abandoned."""

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(
    function: Callable[[T], R], items: Iterable[T], *, threads: int, held: int
) -> Iterator[R]:
    """What a function makes of each item, in their order.

    Items are taken as there is room, so that memory does not grow with their number. A call has
    one core to itself, for those beside it have the others.

    Args:
        function: called in threads.
        items: taken in the caller's thread.
        threads: calls at a time.
        held: items and results that may be held at a time.

    Raises:
        Exception: what a call raises, when its turn comes.
    """
    coming = iter(items)
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    pending: deque[Future[R]] = deque()
    try:
        while True:
            room = held - len(pending)
            pending.extend(pool.submit(function, item) for item in islice(coming, room))
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Maker(Thread):
    """A thread that tells when it was last known to get on."""

    def __init__(self, make: Callable[[], None]) -> None:
        super().__init__(target=make, name="decode-ahead", daemon=True)
        self.alive_at = time.monotonic()


def alive() -> None:
    """Tells that what runs ahead gets on, though it has made nothing yet; elsewhere nothing."""
    thread = current_thread()
    if isinstance(thread, _Maker):
        thread.alive_at = time.monotonic()


def run_ahead(items: Generator[T, None, None], *, held: int, what: str) -> Iterator[T]:
    """The same items, made in a thread of their own while those before are looked at.

    The thread is left behind where it hangs inside a library, so that neither the caller nor the
    end of the process waits for it.

    Args:
        items: made and closed in the thread; what takes long calls `alive` on the way.
        held: items that are made ahead.
        what: a file, for messages.

    Raises:
        MediaError: for `STUCK_S` seconds nothing is made and nothing gets on.
        Exception: what making an item raises, when its turn comes.
    """
    made: SimpleQueue[T | BaseException] = SimpleQueue()
    room, unwanted = Semaphore(held), Event()

    def make() -> None:
        try:
            while room.acquire() and not unwanted.is_set():
                alive()
                made.put(next(items))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            made.put(error)
        finally:
            items.close()

    maker = _Maker(make)
    maker.start()
    try:
        while not isinstance(item := _next(made, maker, what), StopIteration):
            if isinstance(item, BaseException):
                raise item
            yield item
            room.release()
    finally:
        unwanted.set()
        room.release()
        maker.join(_FAREWELL_S)


def _next(made: SimpleQueue[T], maker: _Maker, what: str) -> T:
    """
    Raises:
        MediaError: the maker hangs.
    """
    while True:
        try:
            return made.get(timeout=STUCK_S)
        except Empty as error:
            if time.monotonic() - maker.alive_at >= STUCK_S:
                raise MediaError(
                    f"{what}: gives nothing for {STUCK_S:.0f} seconds; see to the disk or network "
                    "that it lies on, or restore the file"
                ) from error
