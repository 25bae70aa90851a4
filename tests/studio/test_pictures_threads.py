"""The threads that make pictures: their order, and what is dropped."""

import threading
from collections.abc import Callable

from unfade.studio.pictures.threads import MAX_AHEAD, PictureThreads

PATIENCE_S = 60


def busy(threads: PictureThreads[int]) -> Callable[[], None]:
    """Keeps the only thread at work until the function is called."""
    started, freed = threading.Event(), threading.Event()

    def wait() -> int:
        started.set()
        freed.wait(PATIENCE_S)
        return 0

    threads.submit(wait, is_ahead=False)
    assert started.wait(PATIENCE_S)
    return freed.set


def test_the_newest_request_comes_first_and_what_is_ahead_last() -> None:
    threads: PictureThreads[int] = PictureThreads(1)
    free, order = busy(threads), []

    def call(number: int) -> Callable[[], int]:
        def make() -> int:
            order.append(number)
            return number

        return make

    ahead = threads.submit(call(1), is_ahead=True)
    first = threads.submit(call(2), is_ahead=False)
    second = threads.submit(call(3), is_ahead=False)
    free()
    assert [one.result(PATIENCE_S) for one in (ahead, first, second)] == [1, 2, 3]
    assert order == [3, 2, 1]


def test_old_pictures_ahead_are_dropped() -> None:
    threads: PictureThreads[int] = PictureThreads(1)
    free = busy(threads)
    futures = [threads.submit(lambda: 0, is_ahead=True) for _ in range(MAX_AHEAD + 2)]
    free()
    assert [one.cancelled() for one in futures] == [True, True] + [False] * MAX_AHEAD


def test_an_error_is_raised_where_the_result_is_taken() -> None:
    threads: PictureThreads[int] = PictureThreads(1)
    future = threads.submit(lambda: int("no number"), is_ahead=False)
    assert isinstance(future.exception(PATIENCE_S), ValueError)
    assert threads.submit(lambda: 7, is_ahead=False).result(PATIENCE_S) == 7


def test_after_the_end_nothing_is_started() -> None:
    threads: PictureThreads[int] = PictureThreads(1)
    free = busy(threads)
    waiting = threads.submit(lambda: 0, is_ahead=False)
    free()
    threads.close()
    assert not threads._busy
    assert not waiting.running()
