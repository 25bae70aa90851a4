"""Writing while the next frames are made."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

WRITES_AHEAD = 3
"""Frames that may wait to be written, which bounds memory."""


@contextmanager
def writing_behind() -> Iterator[Callable[..., None]]:
    """What is called with a function and its arguments, and has it done in a thread, in order.

    A few calls may wait; the block ends when all are done. What one of them raises is raised by a
    later call, or at the end of the block.
    """
    with ThreadPoolExecutor(1) as writer:
        waiting: deque[Future[Any]] = deque()

        def later(write: Callable[..., Any], *arguments: Any) -> None:
            waiting.append(writer.submit(write, *arguments))
            if len(waiting) > WRITES_AHEAD:
                waiting.popleft().result()

        yield later
        for write in waiting:
            write.result()
