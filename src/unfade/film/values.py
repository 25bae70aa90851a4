"""The types of values in film.toml, with the ranges that are checked and named in messages."""

import re
import unicodedata
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, Strict

from unfade.errors import escaped
from unfade.film.time import MAX_FRAME, ExactFraction, exact_rate

TO_FILL_IN = "?"
"""The value that `unfade new` writes for a fact that the files do not state."""

FrameNumber = Annotated[int, Field(ge=0, le=MAX_FRAME, strict=True)]
"""A frame number of a clip."""

Pixels = Annotated[int, Field(ge=0, le=100_000, strict=True)]
"""A number of pixels; its upper bound is ten times the width of the widest film scan."""


def _printable(value: str) -> str:
    """The text, without control characters, which steer terminals; line breaks and tabs may stay.

    Raises:
        ValueError: it has one.
    """
    if any(unicodedata.category(letter) == "Cc" and letter not in "\n\r\t" for letter in value):
        raise ValueError("it holds a control character, which would steer a terminal; remove it")
    return value


def _one_line(value: str) -> str:
    """The text, without control characters, line breaks and what turns the direction of reading.

    Raises:
        ValueError: it has one.
    """
    if escaped(value) != value or "\n" in value or "\t" in value:
        raise ValueError("it holds a control character or a line break; remove it")
    return value


Flag = Annotated[bool, Strict()]
Line = Annotated[str, AfterValidator(_one_line)]
"""A text of one line, to be shown anywhere."""
Text = Annotated[str, AfterValidator(_printable)]
"""A text without control characters."""
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
"""A text of one line; the bound keeps records readable."""
Remark = Annotated[str, Field(max_length=10_000), AfterValidator(_printable)]
"""A text of a few pages at most; the bound keeps records readable."""

_FRACTION = re.compile(r"\d{1,20}(\.\d{1,20})?(/\d{1,9})?")
"""Without exponents, because a Fraction writes 1e999999999 out digit by digit."""


_MOVIE_SIZE = re.compile(r"(\d{1,5})(?:x(\d{1,5}))?")
_MOVIE_SIDES_PX = range(16, 8193, 2)
"""Even, because video holds chroma for pairs of pixels; from one block of a codec up to 8K."""


def parse_movie_size(text: str) -> tuple[int, int | None]:
    """Width and height of ``"1920x1080"``, in pixels; of ``"1920"`` the height is None.

    Raises:
        ValueError: it is neither, or a number is odd or out of range.
    """
    match = _MOVIE_SIZE.fullmatch(text)
    if match is None:
        raise ValueError("it is no size; write it as '1920x1080', or as '1920' for the width alone")
    sides = [int(side) for side in match.groups() if side is not None]
    if any(side not in _MOVIE_SIDES_PX for side in sides):
        raise ValueError(
            "it is no size; use even numbers from 16 to 8192 for width and height, in pixels"
        )
    return sides[0], sides[1] if len(sides) > 1 else None


def _movie_size(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    parse_movie_size(str(value))
    return str(value)


def check_order(first: int | None, last: int | None) -> None:
    """Checks a range of frames that is open at an end that is None.

    Raises:
        ValueError: both ends are given, and the last frame is before the first.
    """
    if first is not None and last is not None and first > last:
        raise ValueError(f"'first' is {first} and 'last' is {last}, which is before it; change one")


def _written_as_fraction(value: object) -> object:
    if isinstance(value, float | Fraction):
        return value
    if isinstance(value, bool) or not _FRACTION.fullmatch(str(value)[:100]):
        raise ValueError("it is not a fraction; write it as '24000/1001' or '25'")
    return value


def _filming_rate(value: Fraction) -> Fraction:
    if not 1 <= value <= 1000:
        raise ValueError("it is no rate; use 1 to 1000 frames a second")
    return exact_rate(value)


def _aspect(value: Fraction) -> Fraction:
    if not Fraction(1, 4) <= value <= 4:
        raise ValueError("it is no width of a pixel; use 1/4 to 4 times its height")
    return value


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("it holds a NUL character, which a path cannot contain; remove it")
    return value


Rate = Annotated[
    ExactFraction, BeforeValidator(_written_as_fraction), AfterValidator(_filming_rate)
]
"""Frames a second, from 1 to 1000; "23.976" becomes 24000/1001."""

PixelAspect = Annotated[
    ExactFraction, BeforeValidator(_written_as_fraction), AfterValidator(_aspect)
]
"""Width / height of a pixel, from 1/4 to 4."""

MovieSize = Annotated[str, BeforeValidator(_movie_size)]
"""The size of a movie: ``"1920x1080"``, or ``"1920"`` for the width alone."""

FilePath = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_without_nul)]
"""A path in film.toml, absolute or relative to its folder; its maximum length is that of Linux."""
