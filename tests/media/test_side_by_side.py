import threading
from collections.abc import Iterator

import pytest

from unfade.media import side_by_side


def test_results_keep_their_order_and_calls_overlap() -> None:
    both_at_work = threading.Barrier(2, timeout=10)

    def double(number: int) -> int:
        both_at_work.wait()
        return 2 * number

    assert list(side_by_side(double, range(6), threads=2, held=4)) == [0, 2, 4, 6, 8, 10]


def test_no_more_is_held_than_was_said() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    made = side_by_side(str, numbers(), threads=2, held=3)
    assert next(made) == "0"
    assert len(taken) == 3
    made.close()  # type: ignore[attr-defined]
    assert len(taken) == 3


def test_what_a_call_raises_is_raised_in_its_turn() -> None:
    made = side_by_side(lambda number: 1 // number, [1, 0, 1], threads=2, held=3)
    assert next(made) == 1
    with pytest.raises(ZeroDivisionError):
        next(made)
