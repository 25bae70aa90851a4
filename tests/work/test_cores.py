"""Work on all cores: results in order, few items at a time."""

import threading
from collections.abc import Callable, Iterator

import pytest
import torch

from unfade.work.cores import core_count, kept_threads, on_all_cores, one_core

SetCores = Callable[[int], None]


def test_results_come_in_order() -> None:
    assert list(on_all_cores(lambda number: number**2, range(50))) == [n**2 for n in range(50)]
    assert list(on_all_cores(lambda number: number, [])) == []


def test_no_more_items_are_taken_than_twice_the_cores(set_cores: SetCores) -> None:
    set_cores(3)
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


def test_calls_within_a_call_run_in_its_thread(set_cores: SetCores) -> None:
    set_cores(2)

    def threads_within(_: int) -> set[int]:
        within = list(on_all_cores(lambda _: threading.get_ident(), range(4)))
        with kept_threads() as map_kept:
            within += map_kept(lambda _: threading.get_ident(), range(4))
        return {*within, threading.get_ident()}

    assert all(len(threads) == 1 for threads in on_all_cores(threads_within, range(4)))


def test_kept_threads_are_the_same_in_every_call(set_cores: SetCores) -> None:
    set_cores(2)
    both_running = threading.Barrier(2, timeout=10)

    def thread_of(_: int) -> int:
        both_running.wait()
        return threading.get_ident()

    with kept_threads() as map_kept:
        calls = [frozenset(map_kept(thread_of, range(2))) for _ in range(5)]
    assert len(set(calls)) == 1
    assert len(calls[0]) == 2


def test_an_error_of_the_items_comes_after_the_results_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ConnectionError("lost")

    results = on_all_cores(lambda number: number, items())
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(ConnectionError, match="lost"):
        next(results)


def test_a_call_in_hand_has_ended_when_its_results_are_abandoned(set_cores: SetCores) -> None:
    set_cores(2)
    ended: list[int] = []
    started, may_end = threading.Event(), threading.Event()

    def wait(number: int) -> int:
        if number:
            started.set()
            may_end.wait(10)
            ended.append(number)
        return number

    results = on_all_cores(wait, range(2))
    next(results)
    assert started.wait(10)
    threading.Timer(0.1, may_end.set).start()
    results.close()  # type: ignore[attr-defined]
    assert ended == [1]


def test_torch_has_as_many_threads_as_before_whatever_ends_first(set_cores: SetCores) -> None:
    set_cores(2)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        one, other = (on_all_cores(lambda number: number, range(9)) for _ in range(2))
        next(one), next(other)
        one.close()  # type: ignore[attr-defined]
        list(other)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_callers_torch_has_one_core_between_calls_of_kept_threads(set_cores: SetCores) -> None:
    set_cores(2)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with kept_threads():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_calls_that_overlap_leave_torch_its_cores() -> None:
    """A thread that begins while another uses one core would keep one core for good."""
    before, after = torch.get_num_threads(), list[int]()
    torch.set_num_threads(3)

    def second() -> None:
        with one_core():
            pass
        after.append(torch.get_num_threads())

    def first() -> None:
        with one_core():
            thread = threading.Thread(target=second)
            thread.start()
            thread.join(10)
        after.append(torch.get_num_threads())

    thread = threading.Thread(target=first)
    thread.start()
    thread.join(20)
    torch.set_num_threads(before)
    assert after == [3, 3]
