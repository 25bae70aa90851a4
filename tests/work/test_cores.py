"""Work on all cores: results in order, few items at a time."""

import os
from collections.abc import Iterator

import pytest

from unfade.work.cores import core_count, on_all_cores


def test_results_come_in_order() -> None:
    assert list(on_all_cores(lambda number: number**2, range(50))) == [n**2 for n in range(50)]
    assert list(on_all_cores(lambda number: number, [])) == []


def test_no_more_items_are_taken_than_twice_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(3), raising=False)
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    results = on_all_cores(lambda number: number, items())
    for number in range(20):
        assert next(results) == number
        assert len(taken) <= number + 2 * 3
    assert list(results) == []


def test_there_is_at_least_one_core() -> None:
    assert core_count() >= 1
