"""Items produced ahead in a thread: complete, in order, and without a wait at the end."""

import threading
import time
from collections.abc import Generator

import pytest

from unfade.errors import MediaError
from unfade.media.threads.read_ahead import prefetch


def test_all_items_in_order() -> None:
    produced = (number for number in range(20))
    assert list(prefetch(produced, max_held=3, stop=bool)) == list(range(20))


def test_at_most_max_held_items_are_produced() -> None:
    produced: list[int] = []

    three_produced = threading.Event()

    def items() -> Generator[int, None, None]:
        for number in range(100):
            produced.append(number)
            if len(produced) == 3:
                three_produced.set()
            yield number

    running = prefetch(items(), max_held=3, stop=bool)
    next(running)
    assert three_produced.wait(30)
    time.sleep(0.1)
    assert len(produced) == 3
    running.close()


def test_an_error_is_raised_after_the_items_before_it() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        raise MediaError("a.mkv: is damaged")

    running = prefetch(items(), max_held=3, stop=bool)
    assert next(running) == 1
    with pytest.raises(MediaError, match="is damaged"):
        next(running)


def test_a_consumer_that_stops_early_closes_the_file() -> None:
    closed = threading.Event()

    def items() -> Generator[int, None, None]:
        try:
            yield from range(100)
        finally:
            closed.set()

    running = prefetch(items(), max_held=3, stop=bool)
    next(running)
    running.close()
    assert closed.wait(5)


def test_a_consumer_that_stops_early_does_not_wait_for_the_next_item() -> None:
    stop = threading.Event()

    def items() -> Generator[int, None, None]:
        yield 1
        assert stop.wait(30)
        raise MediaError("a.mkv: its decoder was killed")

    running = prefetch(items(), max_held=3, stop=stop.set)
    next(running)
    started = time.monotonic()
    running.close()
    assert time.monotonic() - started < 5
