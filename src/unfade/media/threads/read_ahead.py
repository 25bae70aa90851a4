"""A thread that reads items ahead, in order."""

from collections.abc import Callable, Generator, Iterator
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

MAX_FRAMES_AHEAD = 4
"""Frames that may be read ahead; this bounds memory, as a 2K frame takes 38 MB."""

_STOP_TIMEOUT_S = 10.0
"""Seconds to wait for the thread to end; it may convert a last frame."""

T = TypeVar("T")


def prefetch(
    items: Generator[T, None, None], *, max_held: int, stop: Callable[[], object]
) -> Iterator[T]:
    """The same items, produced in a thread of their own while the caller uses those before.

    Args:
        items: produced and closed in the thread.
        max_held: largest number of items that are produced ahead.
        stop: called at the end; it makes an item that is being produced fail at once, so that the
            caller does not wait for it.

    Raises:
        Exception: the error of an item, when its turn comes.
    """
    produced: SimpleQueue[T | BaseException] = SimpleQueue()
    room, stopped = Semaphore(max_held), Event()

    def produce() -> None:
        try:
            while room.acquire() and not stopped.is_set():
                produced.put(next(items))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            produced.put(error)
        finally:
            items.close()

    producer = Thread(target=produce, name="decode-ahead", daemon=True)
    producer.start()
    try:
        while not isinstance(item := produced.get(), StopIteration):
            if isinstance(item, BaseException):
                try:
                    raise item
                finally:
                    # The error refers to this frame: it must not refer to the error.
                    del item
            yield item
            room.release()
    finally:
        stopped.set()
        room.release()
        stop()
        producer.join(_STOP_TIMEOUT_S)
        # An error that is left refers to the queue, and would keep what the items hold.
        while not produced.empty():
            produced.get()
