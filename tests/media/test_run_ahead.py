"""Items made ahead in a thread: all of them, in order, and never a wait without an end."""

import threading
import time
from collections.abc import Generator

import pytest

from unfade.errors import MediaError
from unfade.media.threads import read_ahead
from unfade.media.threads.read_ahead import run_ahead


def test_all_items_in_order() -> None:
    made = (number for number in range(20))
    assert list(run_ahead(made, held=3, what="a.mkv")) == list(range(20))


def test_no_more_is_made_than_may_be_held() -> None:
    made: list[int] = []

    three_made = threading.Event()

    def items() -> Generator[int, None, None]:
        for number in range(100):
            made.append(number)
            if len(made) == 3:
                three_made.set()
            yield number

    running = run_ahead(items(), held=3, what="a.mkv")
    next(running)
    assert three_made.wait(30)
    time.sleep(0.1)
    assert len(made) == 3
    running.close()


def test_what_goes_wrong_is_raised_in_its_turn() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        raise MediaError("a.mkv: is damaged")

    running = run_ahead(items(), held=3, what="a.mkv")
    assert next(running) == 1
    with pytest.raises(MediaError, match="is damaged"):
        next(running)


def test_one_who_stops_early_closes_the_file() -> None:
    closed = threading.Event()

    def items() -> Generator[int, None, None]:
        try:
            yield from range(100)
        finally:
            closed.set()

    running = run_ahead(items(), held=3, what="a.mkv")
    next(running)
    running.close()
    assert closed.wait(5)


def test_a_file_that_hangs_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "STUCK_S", 0.2)
    monkeypatch.setattr(read_ahead, "_FAREWELL_S", 0.1)
    released = threading.Event()

    def items() -> Generator[int, None, None]:
        yield 1
        released.wait(30)

    running = run_ahead(items(), held=3, what="a.mkv")
    next(running)
    with pytest.raises(MediaError, match=r"a\.mkv: gives nothing for"):
        next(running)
    released.set()


def test_slow_work_that_gets_on_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an index of a large movie is made, or a long way is decoded to one frame of it."""
    monkeypatch.setattr(read_ahead, "STUCK_S", 0.3)

    def items() -> Generator[int, None, None]:
        for _ in range(20):
            time.sleep(0.05)
            read_ahead.alive()
        yield 1

    assert list(run_ahead(items(), held=3, what="a.mkv")) == [1]
