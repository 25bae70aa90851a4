"""The threads that make pictures: their order, errors and end."""

import threading
from collections.abc import Callable

from unfade.studio.pictures.threads import PictureThreads

PATIENCE_S = 60


def busy(threads: PictureThreads[int]) -> Callable[[], None]:
    """Keeps the only thread at work until the function is called."""
    started, freed = threading.Event(), threading.Event()

    def wait() -> int:
        started.set()
        freed.wait(PATIENCE_S)
        return 0

    threads.submit(wait)
    assert started.wait(PATIENCE_S)
    return freed.set


def test_the_newest_request_comes_first() -> None:
    threads: PictureThreads[int] = PictureThreads(1)
    free, order = busy(threads), []

    def call(number: int) -> Callable[[], int]:
        def make() -> int:
            order.append(number)
            return number

        return make

    first, second = threads.submit(call(1)), threads.submit(call(2))
    free()
    assert [one.result(PATIENCE_S) for one in (first, second)] == [1, 2]
    assert order == [2, 1]


def test_an_error_is_raised_where_the_result_is_taken() -> None:
    threads: PictureThreads[int] = PictureThreads(1)
    future = threads.submit(lambda: int("no number"))
    assert isinstance(future.exception(PATIENCE_S), ValueError)
    assert threads.submit(lambda: 7).result(PATIENCE_S) == 7


def test_after_the_end_nothing_is_started() -> None:
    threads: PictureThreads[int] = PictureThreads(1)
    free = busy(threads)
    waiting = threads.submit(lambda: 0)
    free()
    threads.close()
    assert not threads._busy
    assert not waiting.running()
