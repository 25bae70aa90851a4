"""Threads that make pictures: the newest request first, because a person waits for that one."""

import atexit
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

R = TypeVar("R")

END_PATIENCE_S = 0.8
"""Seconds that the end of the program waits for calls at work; Ctrl-C has one second."""


class PictureThreads(Generic[R]):
    """A fixed number of threads, started with the first call, which do not keep the program from
    ending."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._asked: list[tuple[Future[R], Callable[[], R]]] = []
        self._news = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._is_closed = False
        atexit.register(self.close)

    def submit(self, call: Callable[[], R]) -> Future[R]:
        """Makes a call in a thread, before older ones."""
        future: Future[R] = Future()
        with self._news:
            if len(self._threads) < self._count:
                thread = threading.Thread(target=self._work, daemon=True, name="pictures")
                self._threads.append(thread)
                thread.start()
            self._asked.append((future, call))
            self._news.notify()
        return future

    def close(self) -> None:
        """Starts no more calls, and waits a moment for those at work."""
        end_s = time.monotonic() + END_PATIENCE_S
        with self._news:
            self._is_closed = True
            self._news.notify_all()
            while self._busy and (left_s := end_s - time.monotonic()) > 0:
                self._news.wait(left_s)

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._asked or self._is_closed)
                if self._is_closed:
                    return
                future, call = self._asked.pop()
                if not future.set_running_or_notify_cancel():
                    continue
                self._busy += 1
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - raised where the result is taken
                future.set_exception(error)
            # A thread that waits must not hold the last picture.
            del future, call
            with self._news:
                self._busy -= 1
                self._news.notify_all()
