"""Items produced ahead in a thread: complete, in order, and a thread that hangs is reported."""

import threading
import time
from collections.abc import Generator

import pytest

from unfade.errors import MediaError
from unfade.media.threads import read_ahead
from unfade.media.threads.read_ahead import prefetch


def test_all_items_in_order() -> None:
    produced = (number for number in range(20))
    assert list(prefetch(produced, max_held=3, name="a.mkv")) == list(range(20))


def test_at_most_max_held_items_are_produced() -> None:
    produced: list[int] = []

    three_produced = threading.Event()

    def items() -> Generator[int, None, None]:
        for number in range(100):
            produced.append(number)
            if len(produced) == 3:
                three_produced.set()
            yield number

    running = prefetch(items(), max_held=3, name="a.mkv")
    next(running)
    assert three_produced.wait(30)
    time.sleep(0.1)
    assert len(produced) == 3
    running.close()


def test_an_error_is_raised_after_the_items_before_it() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        raise MediaError("a.mkv: is damaged")

    running = prefetch(items(), max_held=3, name="a.mkv")
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

    running = prefetch(items(), max_held=3, name="a.mkv")
    next(running)
    running.close()
    assert closed.wait(5)


def test_a_file_that_hangs_is_a_media_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "HANG_TIMEOUT_S", 0.2)
    monkeypatch.setattr(read_ahead, "_CLOSE_TIMEOUT_S", 0.1)
    released = threading.Event()

    def items() -> Generator[int, None, None]:
        yield 1
        released.wait(30)

    running = prefetch(items(), max_held=3, name="a.mkv")
    next(running)
    with pytest.raises(MediaError, match=r"a\.mkv: gives no data for"):
        next(running)
    released.set()


def test_a_heartbeat_prevents_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """As while a large movie is indexed, or many frames are decoded before the wanted one."""
    monkeypatch.setattr(read_ahead, "HANG_TIMEOUT_S", 0.3)

    def items() -> Generator[int, None, None]:
        for _ in range(20):
            time.sleep(0.05)
            read_ahead.heartbeat()
        yield 1

    assert list(prefetch(items(), max_held=3, name="a.mkv")) == [1]
