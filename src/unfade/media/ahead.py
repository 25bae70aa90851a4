"""Work on what comes, several at a time, in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

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
