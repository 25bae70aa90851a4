"""A thread that reads items ahead, in order."""

import time
from collections.abc import Callable, Generator, Iterator
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread, current_thread
from typing import TypeVar

from unfade.errors import MediaError

MAX_FRAMES_AHEAD = 4
"""Frames that may be read ahead; this bounds memory, as a 2K frame takes 38 MB."""

HANG_TIMEOUT_S = 300.0
"""Seconds without a packet or frame after which a file counts as hanging; a disk that spins up
takes far less."""

_CLOSE_TIMEOUT_S = 10.0
"""Seconds to wait for a reader to close its file before the thread is abandoned."""

T = TypeVar("T")


class _Producer(Thread):
    """A thread that knows when it last made progress."""

    def __init__(self, produce: Callable[[], None]) -> None:
        super().__init__(target=produce, name="decode-ahead", daemon=True)
        self.heartbeat_at = time.monotonic()


def heartbeat() -> None:
    """Reports that the thread that reads ahead makes progress although it has no item yet. No
    effect in other threads."""
    thread = current_thread()
    if isinstance(thread, _Producer):
        thread.heartbeat_at = time.monotonic()


def prefetch(items: Generator[T, None, None], *, max_held: int, name: str) -> Iterator[T]:
    """The same items, produced in a thread of their own while the caller uses those before.

    If the thread hangs inside a library it is abandoned, so that neither the caller nor the end of
    the process waits for it.

    Args:
        items: produced and closed in the thread; an item that takes long calls `heartbeat` on the
            way.
        max_held: largest number of items that are produced ahead.
        name: of the file, for messages.

    Raises:
        MediaError: for `HANG_TIMEOUT_S` seconds there is no item and no heartbeat.
        Exception: the error of an item, when its turn comes.
    """
    produced: SimpleQueue[T | BaseException] = SimpleQueue()
    room, stopped = Semaphore(max_held), Event()

    def produce() -> None:
        try:
            while room.acquire() and not stopped.is_set():
                heartbeat()
                produced.put(next(items))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            produced.put(error)
        finally:
            items.close()

    producer = _Producer(produce)
    producer.start()
    try:
        while not isinstance(item := _next(produced, producer, name), StopIteration):
            if isinstance(item, BaseException):
                raise item
            yield item
            room.release()
    finally:
        stopped.set()
        room.release()
        producer.join(_CLOSE_TIMEOUT_S)


def _next(produced: SimpleQueue[T], producer: _Producer, name: str) -> T:
    """
    Raises:
        MediaError: the producer hangs.
    """
    while True:
        try:
            return produced.get(timeout=HANG_TIMEOUT_S)
        except Empty as error:
            if time.monotonic() - producer.heartbeat_at >= HANG_TIMEOUT_S:
                raise MediaError(
                    f"{name}: gives no data for {HANG_TIMEOUT_S:.0f} seconds; check the disk or "
                    "network that holds it, or restore the file"
                ) from error
