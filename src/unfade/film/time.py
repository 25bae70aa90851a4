"""Exact time: integer frames and fractional rates."""

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
    fraction = Fraction(str(value)) if not isinstance(value, Fraction) else value
    if fraction <= 0:
        raise ValueError(f"{value} is not above zero")
    return fraction


ExactFraction = Annotated[
    Fraction,
    BeforeValidator(parse_fraction),
    PlainSerializer(lambda value: f"{value.numerator}/{value.denominator}", return_type=str),
]
"""A positive fraction that is written to JSON as ``"numerator/denominator"``."""


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
