"""Work on several items at a time, each on a core of its own."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count, islice
from typing import TypeVar

from unfade.work.memory import return_freed_memory

T = TypeVar("T")
R = TypeVar("R")

RESULTS_A_RETURN = 20
"""Results after which freed memory goes back to the system. What is kept of each splits the memory
of pictures into pieces that the next ones do not fit into: 1,000 pairs took 1.2 GB more."""

CORES_VARIABLE = "UNFADE_CORES"
"""Variable of the environment with the number of cores that Unfade may use: workers that share a
machine share its cores."""

_lock = threading.Lock()
_torch_cores: list[int] = []
"""The cores that torch used before, an entry for each call under way."""

_thread = threading.local()
"""`busy` is true in a thread of a pool below."""


def core_count() -> int:
    """Cores that this process may use: those of the machine, or fewer by `CORES_VARIABLE`."""
    named = os.environ.get(CORES_VARIABLE, "")
    return min(int(named), _all_cores()) if named.isdecimal() and int(named) else _all_cores()


def _all_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_all_cores(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results of a function for each item, in order, for as many items at a time as there are
    cores; no more than twice as many items and results are held. One operation on a picture is too
    small to be split among cores. Within such a call all cores are busy, so that items are worked
    on in turn."""
    if _is_busy():
        return map(function, items)
    cores = core_count()
    return parallel_map(function, items, threads=cores, max_held=2 * cores)


@contextmanager
def kept_threads() -> Iterator[Callable[[Callable[[T], R], Iterable[T]], Iterator[R]]]:
    """A function like `on_all_cores` that takes all items at once, with threads that are kept until
    the end: to start them takes longer than a small call.

    Until then torch uses one core in the caller's thread, too: small operations between the calls
    take twice as long on two.
    """
    import torch

    if _is_busy():
        yield map
        return
    with _pool(core_count()) as pool:
        torch.set_num_threads(1)
        yield pool.map


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
        Exception: the error of a call, or of the items, when its turn comes.
    """
    pending: deque[Future[R]] = deque()
    with _pool(threads) as pool:
        submitted = _submitted(pool, function, items)
        try:
            for index in count(1):
                pending.extend(islice(submitted, max_held - len(pending)))
                if not pending:
                    return
                yield pending.popleft().result()
                if index % RESULTS_A_RETURN == 0:
                    return_freed_memory()
        finally:
            for future in pending:
                future.cancel()


def _submitted(
    pool: ThreadPoolExecutor, function: Callable[[T], R], items: Iterable[T]
) -> Iterator[Future[R]]:
    """A call for each item; an error of the items is a failed call, which comes in its turn."""
    try:
        for item in items:
            yield pool.submit(function, item)
    except Exception as error:  # noqa: BLE001 - raised in its turn
        failed: Future[R] = Future()
        failed.set_exception(error)
        yield failed


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads in which torch uses one core."""
    with _torch_cores_restored(), ThreadPoolExecutor(threads, initializer=_start_thread) as pool:
        yield pool


@contextmanager
def one_core() -> Iterator[None]:
    """Torch uses one core in the caller's thread until the end: operations on small pictures take
    several times as long on two cores that other programs use, too."""
    import torch

    with _torch_cores_restored():
        torch.set_num_threads(1)
        yield


@contextmanager
def _torch_cores_restored() -> Iterator[None]:
    """At the end torch uses as many cores as before, which some libraries below it have in common
    with all threads: as many as before the first of the calls that overlap."""
    import torch

    with _lock:
        _torch_cores.append(_torch_cores[0] if _torch_cores else torch.get_num_threads())
    try:
        yield
    finally:
        with _lock:
            torch.set_num_threads(_torch_cores.pop())


def _start_thread() -> None:
    import torch

    _thread.busy = True
    torch.set_num_threads(1)


def _is_busy() -> bool:
    return getattr(_thread, "busy", False)
