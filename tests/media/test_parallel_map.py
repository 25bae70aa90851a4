"""Calls run in parallel, and their results come in order."""

import threading
from collections.abc import Iterator

import pytest

from unfade.work.cores import parallel_map


def test_results_keep_their_order_and_calls_overlap() -> None:
    both_running = threading.Barrier(2, timeout=10)

    def double(number: int) -> int:
        both_running.wait()
        return 2 * number

    assert list(parallel_map(double, range(6), threads=2, max_held=4)) == [0, 2, 4, 6, 8, 10]


def test_at_most_max_held_items_are_taken() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = parallel_map(str, numbers(), threads=2, max_held=3)
    assert next(results) == "0"
    assert len(taken) == 3
    results.close()  # type: ignore[attr-defined]
    assert len(taken) == 3


def test_an_error_is_raised_after_the_results_before_it() -> None:
    results = parallel_map(lambda number: 1 // number, [1, 0, 1], threads=2, max_held=3)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
