"""Work on several items at a time, each on a core of its own."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def core_count() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_all_cores(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results of a function for each item, in order, for as many items at a time as there are
    cores; no more than twice as many items and results are held. One operation on a picture is too
    small to be split among cores."""
    cores = core_count()
    return parallel_map(function, items, threads=cores, max_held=2 * cores)


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
    import torch

    torch_threads = torch.get_num_threads()
    remaining = iter(items)
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    pending: deque[Future[R]] = deque()
    try:
        while True:
            room = max_held - len(pending)
            pending.extend(pool.submit(function, item) for item in islice(remaining, room))
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(torch_threads)
