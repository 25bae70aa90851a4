"""Writing in a thread behind the frames: in order, bounded, and no failure is lost."""

import threading

import pytest

from unfade.media.threads.write_behind import WRITES_AHEAD, writing_behind


def test_all_is_done_in_order_when_the_block_ends() -> None:
    done: list[int] = []
    with writing_behind() as write_later:
        for number in range(3 * WRITES_AHEAD):
            write_later(done.append, number)
    assert done == list(range(3 * WRITES_AHEAD))


def test_no_more_wait_than_memory_is_meant_to_hold() -> None:
    gate, handed_over = threading.Event(), []

    def hand_over() -> None:
        with writing_behind() as write_later:
            for number in range(2 * WRITES_AHEAD):
                write_later(gate.wait)
                handed_over.append(number)

    maker = threading.Thread(target=hand_over)
    maker.start()
    maker.join(timeout=0.3)
    assert len(handed_over) == WRITES_AHEAD
    gate.set()
    maker.join()
    assert len(handed_over) == 2 * WRITES_AHEAD


@pytest.mark.parametrize("after", [0, 2 * WRITES_AHEAD])
def test_a_failure_is_raised(after: int) -> None:
    def fail() -> None:
        raise OSError("full")

    def hand_over() -> None:
        with writing_behind() as write_later:
            write_later(fail)
            for _ in range(after):
                write_later(int)

    with pytest.raises(OSError, match="full"):
        hand_over()
