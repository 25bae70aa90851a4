"""Frame ranges, rates and timecodes."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfade.film.time import (
    FrameRange,
    exact_rate,
    format_timecode,
    parse_fraction,
    parse_timecode,
    timecode_after,
    timecode_day,
)
from unfade.project.settings import ClipSection

NTSC = Fraction(30000, 1001)


@given(st.integers(0, 1000), st.integers(0, 1000))
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


def timecode_by_counting(wanted: int) -> str:
    """Drop-frame by its definition: count frames, skip 00 and 01 in nine of ten minutes."""
    hours = minutes = seconds = frames = 0
    for _ in range(wanted):
        frames += 1
        if frames == 30:
            frames, seconds = 0, seconds + 1
        if seconds == 60:
            seconds, minutes = 0, minutes + 1
            frames = 2 if minutes % 10 else 0
        if minutes == 60:
            minutes, hours = 0, hours + 1
    return f"{hours:02d}:{minutes:02d}:{seconds:02d};{frames:02d}"


@pytest.mark.parametrize("count", [0, 1799, 1800, 3597, 3598, 17981, 17982, 19781, 19782, 107892])
def test_drop_frame_agrees_with_counting(count: int) -> None:
    assert format_timecode(count, NTSC, drop=True) == timecode_by_counting(count)


def test_drop_frame_keeps_up_with_the_clock() -> None:
    """SMPTE ST 12-1: a day of drop-frame timecode is 86.4 ms short of a day."""
    day = timecode_day(NTSC, drop=True)
    assert day == 2_589_408
    assert float(day / NTSC) == pytest.approx(86_400 - 0.0864, abs=1e-6)
    assert format_timecode(107_892, NTSC, drop=True) == "01:00:00;00"


@given(st.integers(0, 3_000_000), st.sampled_from(["24", "24000/1001", "25", "30", "30000/1001"]))
def test_timecodes_survive_a_round_trip(count: int, written: str) -> None:
    rate = Fraction(written)
    for drop in {False, rate == NTSC}:
        text = format_timecode(count, rate, drop=drop)
        assert parse_timecode(text, rate) == count % timecode_day(rate, drop=drop)


@given(st.integers(0, 2_589_406))
def test_drop_frame_numbers_ascend(count: int) -> None:
    assert format_timecode(count, NTSC, drop=True) < format_timecode(count + 1, NTSC, drop=True)


@pytest.mark.parametrize(
    ("start", "frames", "rate", "later"),
    [
        ("01:00:00:00", 25, "25", "01:00:01:00"),
        ("00:59:59;29", 1, "30000/1001", "01:00:00;00"),
        ("00:00:59;29", 1, "30000/1001", "00:01:00;02"),
        ("00:00:59:29", 1, "30000/1001", "00:01:00:00"),
        ("23:59:59:23", 1, "24000/1001", "00:00:00:00"),
    ],
)
def test_later_timecodes(start: str, frames: int, rate: str, later: str) -> None:
    assert timecode_after(start, frames, Fraction(rate)) == later


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1:00:00:00", "25"),
        ("24:00:00:00", "25"),
        ("00:00:00:25", "25"),
        ("00:60:00:00", "25"),
        ("00:01:00;01", "30000/1001"),
        ("00:00:00;00", "25"),
    ],
)
def test_timecodes_that_do_not_exist_are_refused(text: str, rate: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_timecode(text, Fraction(rate))


@pytest.mark.parametrize("n", [12, 15, 24, 30, 48, 60, 120])
@pytest.mark.parametrize("digits", [2, 3, 6])
def test_rounded_rates_are_made_exact(n: int, digits: int) -> None:
    exact = Fraction(n * 1000, 1001)
    assert exact_rate(round(float(exact), digits)) == exact
    assert exact_rate(Fraction(exact)) == exact
    assert exact_rate(float(n)) == n


@pytest.mark.parametrize(
    ("stored", "exact"),
    [(23.97, "24000/1001"), (12.5, "25/2"), (16.6667, "50/3"), (18.0, "18"), (19.5, "39/2")],
)
def test_rates_near_a_simple_number_are_made_exact(stored: float, exact: str) -> None:
    assert exact_rate(stored) == Fraction(exact)


@pytest.mark.parametrize("written", ["23.976", "23.98", "24000/1001", "2997/125"])
def test_rates_of_film_toml_are_exact(written: str) -> None:
    section = ClipSection.model_validate({"path": "x", "rate": written})
    assert section.rate == Fraction(24000, 1001)
