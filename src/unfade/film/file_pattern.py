"""Paths of numbered files: ``scan/reel.%06d.dpx`` and ``scan/reel.######.dpx``."""

import os
import re
from dataclasses import dataclass

from unfade.errors import MediaError

_PRINTF = re.compile(r"%(?:0(\d+))?d")
_HASHES = re.compile(r"#+")
_MOST_DIGITS = 255
_MINUS = re.compile(r"(^|[._])-$")


@dataclass(frozen=True)
class FilePattern:
    """A path with one number in its last part: ``prefix`` number ``suffix``.

    `width` is the least number of digits, filled up with zeros, as in C's printf and in the
    sequences of Nuke and Houdini: after ``f.99.dpx`` comes ``f.100.dpx``.
    """

    prefix: str
    width: int
    suffix: str

    def path(self, frame: int) -> str:
        """The file of a frame."""
        return f"{self.prefix}{frame:0{self.width}d}{self.suffix}"

    def __str__(self) -> str:
        number = f"%0{self.width}d" if self.width > 1 else "%d"
        return f"{self.prefix}{number}{self.suffix}"

    @property
    def is_negative(self) -> bool:
        """Whether a minus sign is before the number, as in ``f.-003.dpx``; ``f-003.dpx`` has none.

        Numbers count up where such frames run backwards.
        """
        return _MINUS.search(os.path.basename(self.prefix)) is not None

    def number_in(self, name: str) -> int | None:
        """The frame number of a file's name, none where it is not of this pattern."""
        start = os.path.basename(self.prefix)
        digits = name[len(start) : len(name) - len(self.suffix)]
        if not (digits.isascii() and digits.isdigit() and name == start + digits + self.suffix):
            return None
        number = int(digits)
        return number if digits == f"{number:0{self.width}d}" else None


def check_utf8(path: str) -> None:
    """
    Raises:
        MediaError: the path holds bytes that are no UTF-8, which neither film.toml nor the records
            can hold, or Python takes none for UTF-8 because the locale is another.
    """
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        stored = os.fsencode(path)
        shown = stored.decode("utf-8", "backslashreplace")
        if shown.encode("utf-8") == stored:
            raise MediaError(
                f"{shown}: its name is UTF-8, but the locale is not; "
                "set LC_ALL=C.UTF-8 or PYTHONUTF8=1 before you start Unfade"
            ) from error
        raise MediaError(
            f"{shown}: its name holds bytes that are no UTF-8, shown here as \\x..; rename it"
        ) from error


def parse_file_pattern(path: str) -> FilePattern | None:
    """The pattern that a path is, none where its last part has no place for a number.

    Folders are taken as they are called, ``%`` and ``#`` included. A single ``#`` beside a clearer
    place for the number, as in ``reel #1.%04d.dpx``, is a letter.

    Raises:
        ValueError: the last part has two places for a number, or one for more digits than can be.
    """
    start = len(path) - len(os.path.basename(path))
    printf = [*_PRINTF.finditer(path, start)]
    hashes = [*_HASHES.finditer(path, start)]
    places = printf or [place for place in hashes if len(place[0]) > 1] or hashes
    if not places:
        return None
    if len(places) > 1:
        raise ValueError(f"{path}: has {len(places)} places for the frame number; leave one")
    place = places[0]
    width = int(place[1] or 1) if printf else len(place[0])
    if width > _MOST_DIGITS:
        raise ValueError(f"{path}: asks for more digits than a file's name holds; write %06d")
    return FilePattern(path[: place.start()], max(width, 1), path[place.end() :])
