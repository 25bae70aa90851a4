"""Work on what comes, several at a time, in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

import torch

from unfade.errors import MediaError

STUCK_S = 300.0
"""Seconds without a decoded frame after which a file counts as one that hangs: a disk that spins
up takes far less."""

_FAREWELL_S = 10.0
"""Seconds that a reader which is no longer wanted has to put its file down, before it is left."""

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


def run_ahead(items: Generator[T | None, None, None], *, held: int, what: str) -> Iterator[T]:
    """The same items, made in a thread of their own while those before are looked at.

    The thread is left behind where it hangs inside a library, so that neither the caller nor the
    end of the process waits for it.

    Args:
        items: made and closed in the thread; None is a sign of life and is not passed on.
        held: items that are made ahead.
        what: a file, for messages.

    Raises:
        MediaError: nothing comes for `STUCK_S` seconds.
        Exception: what making an item raises, when its turn comes.
    """
    made: SimpleQueue[T | BaseException | None] = SimpleQueue()
    room, unwanted = Semaphore(held), Event()

    def make() -> None:
        try:
            while room.acquire() and not unwanted.is_set():
                made.put(next(items))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            made.put(error)
        finally:
            items.close()

    maker = Thread(target=make, name="decode-ahead", daemon=True)
    maker.start()
    try:
        while not isinstance(item := made.get(timeout=STUCK_S), StopIteration):
            if isinstance(item, BaseException):
                raise item
            if item is not None:
                yield item
            room.release()
    except Empty as error:
        raise MediaError(
            f"{what}: gives no frame for {STUCK_S:.0f} seconds; see to the disk or network that it "
            "lies on, or restore the file"
        ) from error
    finally:
        unwanted.set()
        room.release()
        maker.join(_FAREWELL_S)
