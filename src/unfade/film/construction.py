"""A construction: the colours that a person states at focal points of a frame, and their sources.

Its file is ``construct/FRAME.toml`` beside film.toml, the palette of the film ``palette.toml``.
"""

import re
from collections import Counter
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from unfade.film.control_points import PixelPosition
from unfade.film.noun import Noun
from unfade.film.values import FrameNumber, Line, Text

CONSTRUCT_FOLDER = "construct"
"""The folder, beside film.toml, of constructions and what is solved from them."""
PALETTE_FILE = "palette.toml"
"""The file, beside film.toml, of the colours of the film."""

_SRGB = re.compile("^#[0-9a-fA-F]{6}$")
_MAX_POINTS = 500
"""Focal points of a frame: ten times as many as determine it, solved in seconds."""
MAX_WORDS = 500
"""Characters of a source, an author or a note: some sentences."""
MAX_NAME = 100
"""Characters of the name of a colour."""

Words = Annotated[Line, Field(max_length=MAX_WORDS)]
Position = tuple[PixelPosition, PixelPosition]
"""x and y in pixels of the whole upright scan, as in `ControlPoint`."""


def _colour_name(value: str) -> str:
    """
    Raises:
        ValueError: a point could not name the colour by it.
    """
    if value != value.strip() or "," in value or value.startswith("#"):
        raise ValueError(
            "it starts with '#', starts or ends with a blank, or holds a comma, so that no point "
            "could name it; rename the colour"
        )
    return value


ColourName = Annotated[Line, Field(min_length=1, max_length=MAX_NAME), AfterValidator(_colour_name)]
"""The name of a colour in a palette."""
SrgbColour = Annotated[str, Field(pattern=_SRGB)]
"""A colour of sRGB, ``"#6b8f3a"``."""


class FocalPoint(Noun):
    """A place of a frame whose colour a person states.

    `at` is one position, or several along a scribble; with `area` they outline a region. `colour`
    is sRGB, ``"#6b8f3a"``, or the name of a colour in a palette. It states hue and saturation; how
    light the place is on the unfaded print, the film says. `source` says where it is known from;
    that of a palette's colour if it is empty. `author` is that of the construction if it is empty.
    """

    at: tuple[Position, ...] = Field(min_length=1, max_length=200)
    area: bool = False
    colour: Words
    source: Words = ""
    author: Words = ""
    note: Annotated[Text, Field(max_length=MAX_WORDS)] = ""

    @model_validator(mode="after")
    def _outlined(self) -> Self:
        if self.area and len(self.at) < 3:
            raise ValueError("an area has fewer than 3 positions; outline it")
        return self


class Construction(Noun):
    """The focal points of a frame of the scan."""

    frame: FrameNumber
    author: Words = ""
    note: Annotated[Text, Field(max_length=MAX_WORDS)] = ""
    point: tuple[FocalPoint, ...] = Field(default=(), max_length=_MAX_POINTS)


class PaletteColour(Noun):
    """A named colour, sRGB as ``"#6b8f3a"``, and where it is known from."""

    name: ColourName
    colour: SrgbColour
    source: Annotated[Words, Field(min_length=1)]


class Palette(Noun):
    """Named colours."""

    colour: tuple[PaletteColour, ...] = Field(default=(), max_length=1000)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        counts = Counter(one.name for one in self.colour)
        if twice := next((name for name, count in counts.items() if count > 1), None):
            raise ValueError(f"two colours are named '{twice}'; rename one")
        return self

    def named(self, name: str) -> PaletteColour | None:
        """The colour with a name; None if there is none."""
        return next((one for one in self.colour if one.name == name), None)


def construct_path(frame: int, suffix: str) -> str:
    """The path of a file of a constructed frame from the folder of film.toml."""
    return f"{CONSTRUCT_FOLDER}/{frame:07d}{suffix}"


def is_hex(colour: str) -> bool:
    """Whether a colour is written as ``"#6b8f3a"``, and is no name."""
    return _SRGB.fullmatch(colour) is not None


def srgb_codes(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a colour written as ``"#6b8f3a"``."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue
