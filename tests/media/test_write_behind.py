"""Writes in a thread: in order, at most a few pending, and every error is raised."""

import threading

import pytest

from unfade.media.threads.write_behind import MAX_PENDING_WRITES, write_behind


def test_all_is_done_in_order_when_the_block_ends() -> None:
    done: list[int] = []
    with write_behind() as write_later:
        for number in range(3 * MAX_PENDING_WRITES):
            write_later(done.append, number)
    assert done == list(range(3 * MAX_PENDING_WRITES))


def test_at_most_max_pending_writes_wait() -> None:
    gate, handed_over = threading.Event(), []

    def hand_over() -> None:
        with write_behind() as write_later:
            for number in range(2 * MAX_PENDING_WRITES):
                write_later(gate.wait)
                handed_over.append(number)

    maker = threading.Thread(target=hand_over)
    maker.start()
    maker.join(timeout=0.3)
    assert len(handed_over) == MAX_PENDING_WRITES
    gate.set()
    maker.join()
    assert len(handed_over) == 2 * MAX_PENDING_WRITES


@pytest.mark.parametrize("after", [0, 2 * MAX_PENDING_WRITES])
def test_an_error_of_a_write_is_raised(after: int) -> None:
    def fail() -> None:
        raise OSError("full")

    def hand_over() -> None:
        with write_behind() as write_later:
            write_later(fail)
            for _ in range(after):
                write_later(int)

    with pytest.raises(OSError, match="full"):
        hand_over()
