"""Exact time: integer frames, fractional rates and timecodes."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from unfade.film.noun import Noun

_WRITTEN = re.compile(r"-?\d{1,20}(\.\d{1,20})?(/\d{1,20})?")
"""Without exponents, because a Fraction writes 1e999999999 out digit by digit."""
_MAX_WRITTEN = 70
"""Letters of a fraction, one more than the longest that is read."""


def parse_fraction(value: object) -> Fraction:
    """A positive fraction from ``"30000/1001"``, ``"25"``, an int, a Fraction or a whole float.

    Raises:
        ValueError: it is not a fraction, not above zero, or a float with a fractional part, because
            such floats are not exact.
    """
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value} is not exact; write it as a fraction such as '24000/1001'")
    if not isinstance(value, Fraction) and not _WRITTEN.fullmatch(str(value)[:_MAX_WRITTEN]):
        raise ValueError(f"'{str(value)[:_MAX_WRITTEN]}' is no fraction such as '24000/1001'")
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
"""A positive fraction, stored in JSON as ``"numerator/denominator"``."""


_MAX_DENOMINATOR = 1001
"""Denominator of any rate, because the denominator of the NTSC rates is 1001."""
_MAX_SIMPLE_DENOMINATOR = 4
"""Denominator of the rates that have precedence, such as 25/2 and 50/3."""
_SIMPLE_TOLERANCE = Fraction(1, 1000)
"""Frames a second; small, because 24 and 24000/1001 are only 0.024 apart."""
_NTSC_TOLERANCE = Fraction(1, 100)
"""Frames a second; 24000/1001 is stored as 23.976, rounded to 23.98 and truncated to 23.97."""


def exact_rate(stored: float | Fraction) -> Fraction:
    """The exact rate for a rounded one, in frames a second.

    It is the nearest simple number, such as 24, 25/2 or 50/3, or the nearest n * 1000/1001, if it
    is within tolerance; else the nearest fraction with a denominator up to 1001.
    """
    value = Fraction(stored)
    simple = value.limit_denominator(_MAX_SIMPLE_DENOMINATOR)
    if simple and abs(value - simple) < _SIMPLE_TOLERANCE:
        return simple
    ntsc = round(value * Fraction(1001, 1000)) * Fraction(1000, 1001)
    if ntsc and abs(value - ntsc) < _NTSC_TOLERANCE:
        return ntsc
    return value.limit_denominator(_MAX_DENOMINATOR)


MAX_TIMECODE_RATE = 30
"""Whole frames a second; at higher rates timecode counts pairs of frames, so Unfade ignores it."""

DROP_FRAME_RATE = Fraction(30_000, 1001)
"""Frames a second; the only rate up to `MAX_TIMECODE_RATE` with drop-frame timecode."""

_DAY_HOURS = 24

_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")


def timecode_base(rate: Fraction) -> int:
    """Frames in a second of timecode: 30 at 30000/1001 frames a second."""
    return round(rate)


def parse_timecode(text: str, rate: Fraction) -> int:
    """The number of frames from midnight to a timecode.

    Source: SMPTE ST 12-1. ``"01:00:00:00"`` counts every frame; ``"01:00:00;00"`` is drop-frame:
    it skips the first two numbers of every minute, except every tenth minute.

    Raises:
        ValueError: it is not a timecode, or does not exist at this rate.
    """
    match = _TIMECODE.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a timecode; write it as '01:00:00:00'")
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    base, drop = timecode_base(rate), match[4] != ":"
    dropped = _dropped_a_minute(rate) if drop else 0
    if hours >= _DAY_HOURS or minutes >= 60 or seconds >= 60 or frames >= base:
        raise ValueError(f"{text} does not exist at {rate} frames a second")
    if dropped and minutes % 10 and not seconds and frames < dropped:
        raise ValueError(f"{text} is one of the numbers that drop-frame timecode skips")
    all_minutes = 60 * hours + minutes
    counted = (60 * all_minutes + seconds) * base + frames
    return counted - dropped * (all_minutes - all_minutes // 10)


def format_timecode(count: int, rate: Fraction, *, drop: bool) -> str:
    """The timecode of a number of frames since midnight, modulo a day.

    Raises:
        ValueError: `drop` is set at a rate without drop-frame timecode.
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
    """The number of frames in 24 hours of timecode."""
    minutes = 60 * _DAY_HOURS
    dropped = _dropped_a_minute(rate) if drop else 0
    return 60 * minutes * timecode_base(rate) - dropped * (minutes - minutes // 10)


def timecode_after(start: str, frames: int, rate: Fraction) -> str:
    """The timecode `frames` after `start`; drop-frame if `start` is."""
    drop = ":" not in start[8:9]
    return format_timecode(parse_timecode(start, rate) + frames, rate, drop=drop)


def _dropped_a_minute(rate: Fraction) -> int:
    """Timecode numbers that drop-frame skips in nine of ten minutes: 2 at 30000/1001."""
    if rate != DROP_FRAME_RATE:
        raise ValueError(f"there is no drop-frame timecode at {rate} frames a second")
    return 2


MAX_FRAME = 2**31 - 1
"""The largest signed 32-bit integer, because file headers cannot hold larger frame numbers."""

MAX_CLIP_FRAMES = 10_000_000
"""Frames of a clip: 100 hours at 24 a second. Lists with a value for each of them fit into
memory."""


class FrameRange(Noun):
    """Frames `first` to `last`, both included."""

    first: int = Field(ge=0, le=MAX_FRAME)
    last: int = Field(ge=0, le=MAX_FRAME)

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


def _of_a_clip(frames: FrameRange) -> FrameRange:
    if len(frames) > MAX_CLIP_FRAMES:
        raise ValueError(f"{len(frames):,} frames are more than {MAX_CLIP_FRAMES:,}")
    return frames


ClipFrames = Annotated[FrameRange, AfterValidator(_of_a_clip)]
"""The frames of a clip, or some of them, whose number is bounded."""
