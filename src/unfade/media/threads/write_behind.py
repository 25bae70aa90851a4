"""Writes files in a thread while the next frames are computed."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

MAX_PENDING_WRITES = 3
"""Frames that may wait to be written; this bounds memory."""


@contextmanager
def write_behind() -> Iterator[Callable[..., None]]:
    """A function that runs its first argument with the others in a writer thread, in order.

    At most `MAX_PENDING_WRITES` calls wait, and the block ends when all are done. The error of a
    call is raised by a later call, or at the end of the block.
    """
    with ThreadPoolExecutor(1) as writer:
        pending: deque[Future[Any]] = deque()

        def write_later(write: Callable[..., Any], *arguments: Any) -> None:
            pending.append(writer.submit(write, *arguments))
            if len(pending) > MAX_PENDING_WRITES:
                pending.popleft().result()

        yield write_later
        for write in pending:
            write.result()
