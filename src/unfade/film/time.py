"""Exact time: integer frames, fractional rates and timecodes."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, model_validator

from unfade.film.noun import Noun


def parse_fraction(value: object) -> Fraction:
    """A positive fraction from ``"30000/1001"``, ``"25"``, an int, or a Fraction.

    Raises:
        ValueError: not a fraction, or not above zero; floats are refused, they are not exact.
    """
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value} is not exact; write it as a fraction such as '24000/1001'")
    try:
        fraction = Fraction(str(value)) if not isinstance(value, Fraction) else value
    except ZeroDivisionError as error:
        raise ValueError(f"{value} is not a number") from error
    if fraction <= 0:
        raise ValueError(f"{value} is not above zero")
    return fraction


ExactFraction = Annotated[
    Fraction,
    BeforeValidator(parse_fraction),
    PlainSerializer(lambda value: f"{value.numerator}/{value.denominator}", return_type=str),
]
"""A positive fraction that is written to JSON as ``"numerator/denominator"``."""


_GREATEST_DENOMINATOR, _GREATEST_SIMPLE_DENOMINATOR = 1001, 4
_SIMPLE_WITHIN, _NTSC_WITHIN = Fraction(1, 1000), Fraction(1, 100)
"""Frames a second: 24000/1001 is found as 23.976, as 23.98 and cut off as 23.97."""


def exact_rate(stored: float | Fraction) -> Fraction:
    """The rate that is meant by a rounded one.

    It is a simple number such as 24, 12 1/2 and 16 2/3, or n * 1000/1001, where one is near.
    """
    value = Fraction(stored)
    simple = value.limit_denominator(_GREATEST_SIMPLE_DENOMINATOR)
    if simple and abs(value - simple) < _SIMPLE_WITHIN:
        return simple
    ntsc = round(value * Fraction(1001, 1000)) * Fraction(1000, 1001)
    if ntsc and abs(value - ntsc) < _NTSC_WITHIN:
        return ntsc
    return value.limit_denominator(_GREATEST_DENOMINATOR)


GREATEST_TIMECODE_RATE = 30
"""Whole frames a second. Timecodes of faster pictures count pairs of frames, and are left alone."""

DROP_FRAME_RATE = Fraction(30_000, 1001)
"""The only rate of at most `GREATEST_TIMECODE_RATE` that has drop frame timecode."""

_DAY_HOURS = 24

_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")


def timecode_base(rate: Fraction) -> int:
    """Frames that a second of timecode counts: 30 at 30000/1001."""
    return round(rate)


def parse_timecode(text: str, rate: Fraction) -> int:
    """Frames since midnight of a timecode.

    Source: SMPTE ST 12-1. ``"01:00:00:00"`` counts every frame; ``"01:00:00;00"`` is drop frame:
    the first two numbers of every minute but each tenth are left out.

    Raises:
        ValueError: it is no timecode, or none that there is at this rate.
    """
    match = _TIMECODE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a timecode; write it as '01:00:00:00'")
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    base, drop = timecode_base(rate), match[4] != ":"
    dropped = _dropped_a_minute(rate) if drop else 0
    if hours >= _DAY_HOURS or minutes >= 60 or seconds >= 60 or frames >= base:
        raise ValueError(f"{text} does not exist at {rate} frames a second")
    if dropped and minutes % 10 and not seconds and frames < dropped:
        raise ValueError(f"{text} is one of the numbers that drop frame leaves out")
    all_minutes = 60 * hours + minutes
    counted = (60 * all_minutes + seconds) * base + frames
    return counted - dropped * (all_minutes - all_minutes // 10)


def format_timecode(count: int, rate: Fraction, *, drop: bool) -> str:
    """The timecode of a number of frames since midnight; after a day it starts again.

    Raises:
        ValueError: `drop` at a rate that has no drop frame.
    """
    base = timecode_base(rate)
    dropped = _dropped_a_minute(rate) if drop else 0
    count %= timecode_day(rate, drop=drop)
    if dropped:
        tens, rest = divmod(count, 600 * base - 9 * dropped)
        later_minutes = max(0, rest - 60 * base) // (60 * base - dropped) + (rest >= 60 * base)
        count += dropped * (9 * tens + later_minutes)
    seconds, frames = divmod(count, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if drop else ':'}{frames:02d}"


def timecode_day(rate: Fraction, *, drop: bool) -> int:
    """Frames from midnight to midnight of a timecode."""
    minutes = 60 * _DAY_HOURS
    dropped = _dropped_a_minute(rate) if drop else 0
    return 60 * minutes * timecode_base(rate) - dropped * (minutes - minutes // 10)


def timecode_after(start: str, frames: int, rate: Fraction) -> str:
    """The timecode of the picture `frames` after the one at `start`, of the same kind."""
    drop = ":" not in start[8:9]
    return format_timecode(parse_timecode(start, rate) + frames, rate, drop=drop)


def _dropped_a_minute(rate: Fraction) -> int:
    """Timecode numbers that drop frame leaves out in nine of ten minutes: 2 at 30000/1001."""
    if rate != DROP_FRAME_RATE:
        raise ValueError(f"there is no drop frame timecode at {rate} frames a second")
    return 2


class FrameRange(Noun):
    """Frames `first` to `last`, both included."""

    first: int
    last: int

    @model_validator(mode="after")
    def _ordered(self) -> "FrameRange":
        if self.last < self.first:
            raise ValueError(f"last frame {self.last} is before first frame {self.first}")
        return self

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, frame: int) -> bool:
        return self.first <= frame <= self.last

    def frames(self) -> Iterator[int]:
        """Every frame number, in order."""
        return iter(range(self.first, self.last + 1))
