"""Patterns of image sequences: ``scan/reel.%06d.dpx`` and ``scan/reel.######.dpx``."""

import os
import re
from dataclasses import dataclass
from functools import cached_property

from unfade.errors import MediaError

_PRINTF = re.compile(r"%(?:0(\d+))?d")
_HASHES = re.compile(r"#+")
_MAX_DIGITS = 255
"""Digits of a frame number, because common file systems allow names of 255 bytes."""
_MINUS = re.compile(r"(^|[._])-$")
"""A hyphen that is a sign: at the start of the name, or after a dot or an underscore."""


@dataclass(frozen=True)
class FilePattern:
    """A path whose file name has one frame number: ``prefix`` number ``suffix``.

    `width` is the minimum number of digits, padded with zeros, as in C's printf and in Nuke: with
    a width of 2, ``f.99.dpx`` is followed by ``f.100.dpx``.
    """

    prefix: str
    width: int
    suffix: str

    def path(self, frame: int) -> str:
        """The path of a frame."""
        return f"{self.prefix}{frame:0{self.width}d}{self.suffix}"

    def __str__(self) -> str:
        number = f"%0{self.width}d" if self.width > 1 else "%d"
        return f"{self.prefix}{number}{self.suffix}"

    @property
    def is_negative(self) -> bool:
        """Whether the number has a minus sign: true for ``f.-003.dpx``, false for ``f-003.dpx``.

        Negative numbers are refused, because read without their sign they would run backwards.
        """
        return _MINUS.search(os.path.basename(self.prefix)) is not None

    def number_in(self, name: str) -> int | None:
        """The frame number in a file's name; None if the name does not match the pattern."""
        match = self.names.fullmatch(name)
        return int(match[1]) if match else None

    @cached_property
    def names(self) -> re.Pattern[str]:
        """The names of files that the pattern matches."""
        start, width = os.path.basename(self.prefix), self.width
        number = f"[0-9]{{{width}}}|[1-9][0-9]{{{width},}}"
        return re.compile(f"{re.escape(start)}({number}){re.escape(self.suffix)}")


def check_utf8(path: str) -> None:
    """
    Raises:
        MediaError: the path has bytes that are not UTF-8, which neither film.toml nor the records
            can store; or it is UTF-8, but the locale makes Python decode it otherwise.
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
            f"{shown}: its name has bytes that are not UTF-8, shown here as \\x..; rename it"
        ) from error


def parse_file_pattern(path: str) -> FilePattern | None:
    """The pattern in a path; None if its last part has no placeholder for a frame number.

    ``%`` and ``#`` in folder names are literal. A single ``#`` is literal if there is another
    placeholder, ``%04d`` or several ``#``, as in ``reel #1.%04d.dpx``.

    Raises:
        ValueError: the last part has two placeholders, or one that is too wide.
    """
    start = len(path) - len(os.path.basename(path))
    printf = [*_PRINTF.finditer(path, start)]
    hashes = [*_HASHES.finditer(path, start)]
    placeholders = printf or [match for match in hashes if len(match[0]) > 1] or hashes
    if not placeholders:
        return None
    if len(placeholders) > 1:
        raise ValueError(f"{path}: has {len(placeholders)} places for the frame number; leave one")
    placeholder = placeholders[0]
    width = int(placeholder[1] or 1) if printf else len(placeholder[0])
    if width > _MAX_DIGITS:
        raise ValueError(f"{path}: asks for more digits than a file name can have; write %06d")
    return FilePattern(path[: placeholder.start()], max(width, 1), path[placeholder.end() :])
