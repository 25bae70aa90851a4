"""Frame ranges and rates."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfade.film.time import FrameRange, parse_fraction


@given(st.integers(-1000, 1000), st.integers(0, 1000))
def test_a_range_holds_its_frames_and_no_others(first: int, more: int) -> None:
    frames = FrameRange(first=first, last=first + more)
    listed = list(frames.frames())
    assert len(frames) == len(listed) == more + 1
    assert first - 1 not in frames
    assert first + more + 1 not in frames
    assert all(frame in frames for frame in listed)


def test_a_backward_range_is_refused() -> None:
    with pytest.raises(ValueError, match="before first frame"):
        FrameRange(first=2, last=1)


@pytest.mark.parametrize(
    ("written", "exact"),
    [("30000/1001", Fraction(30000, 1001)), ("25", Fraction(25)), (24, Fraction(24))],
)
def test_rates_are_exact(written: object, exact: Fraction) -> None:
    assert parse_fraction(written) == exact


@pytest.mark.parametrize("written", [23.976, "0", "-25", "fast"])
def test_inexact_rates_are_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_fraction(written)
