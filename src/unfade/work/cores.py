"""Work on several items at a time, each on a core of its own."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from functools import cache
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_thread = threading.local()
"""`busy` is true in a thread of a pool below."""


def core_count() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_all_cores(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results of a function for each item, in order, for as many items at a time as there are
    cores; no more than twice as many items and results are held. One operation on a picture is too
    small to be split among cores. Within such a call all cores are busy, so that items are worked
    on in turn."""
    if getattr(_thread, "busy", False):
        return map(function, items)
    return _map(_all_cores(), function, items, 2 * core_count())


def parallel_map(
    function: Callable[[T], R], items: Iterable[T], *, threads: int, max_held: int
) -> Iterator[R]:
    """The results of a function for each item, in order.

    Items are taken only as there is room, so that memory does not grow with their number. Torch
    uses one core for each call, because the calls beside it use the others.

    Args:
        function: called in threads.
        items: taken in the caller's thread.
        threads: number of calls at a time.
        max_held: largest number of items and results that are held at a time.

    Raises:
        Exception: the error of a call, when its turn comes.
    """
    with ThreadPoolExecutor(threads, initializer=_start_thread) as pool:
        yield from _map(pool, function, items, max_held)


@cache
def _all_cores() -> ThreadPoolExecutor:
    """A thread for each core, kept because to start threads takes longer than a small call."""
    return ThreadPoolExecutor(core_count(), initializer=_start_thread)


def _start_thread() -> None:
    import torch

    _thread.busy = True
    torch.set_num_threads(1)


def _map(
    pool: Executor, function: Callable[[T], R], items: Iterable[T], max_held: int
) -> Iterator[R]:
    import torch

    torch_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    remaining = iter(items)
    pending: deque[Future[R]] = deque()
    try:
        while True:
            room = max_held - len(pending)
            pending.extend(pool.submit(function, item) for item in islice(remaining, room))
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
        wait(pending)
        torch.set_num_threads(torch_threads)
