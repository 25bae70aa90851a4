"""Numbered files as moving pictures."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from unfade.errors import MediaError
from unfade.film.time import FrameRange
from unfade.media.stills import STILL_SUFFIXES

_PRINTF = re.compile(r"%(?:0(\d+))?d")
_HASHES = re.compile(r"#+")
_LAST_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")
_FRAMES_NAMED = 5
"""How many missing frames an error lists before it says how many more."""


@dataclass(frozen=True)
class Pattern:
    """A path with one number in it: ``prefix`` number ``suffix``, padded to ``width`` digits."""

    prefix: str
    width: int
    suffix: str

    def path(self, frame: int) -> str:
        """The file of a frame."""
        return f"{self.prefix}{frame:0{self.width}d}{self.suffix}"

    def __str__(self) -> str:
        number = f"%0{self.width}d" if self.width > 1 else "%d"
        return f"{self.prefix}{number}{self.suffix}"

    def frames(self) -> list[int]:
        """The numbers of the files that exist, in order."""
        folder, name = os.path.split(self.prefix)
        if not os.path.isdir(folder):
            return []
        number = re.compile(re.escape(name) + r"(\d+)" + re.escape(self.suffix))
        found = (number.fullmatch(entry) for entry in os.listdir(folder))
        numbers = (match[1] for match in found if match)
        return sorted(int(text) for text in numbers if text == f"{int(text):0{self.width}d}")


def parse_pattern(path: str) -> Pattern | None:
    """``reel.%06d.dpx`` or ``reel.######.dpx`` as a pattern, none where a path has no number.

    Raises:
        MediaError: the number is not in the file's name, or there is more than one.
    """
    found = [*_PRINTF.finditer(path)] or [*_HASHES.finditer(path)]
    if not found:
        return None
    place = found[0]
    if len(found) > 1 or os.sep in path[place.end() :]:
        raise MediaError(
            f"{path}: has its frame number in more than the file's name; "
            "write one %06d, in the last part of the path"
        )
    width = int(place[1] or 1) if place[0].startswith("%") else len(place[0])
    return Pattern(path[: place.start()], width, path[place.end() :])


def pattern_of_folder(folder: Path) -> Pattern:
    """The pattern of the only sequence in a folder.

    Raises:
        MediaError: it holds no sequence, or several.
    """
    digits: dict[tuple[str, str], set[int]] = {}
    for entry in os.listdir(folder):
        match = _LAST_NUMBER.match(entry)
        if match and not entry.startswith(".") and Path(entry).suffix.lower() in STILL_SUFFIXES:
            digits.setdefault((match[1], match[3]), set()).add(len(match[2]))
    if len(digits) != 1:
        found = ", ".join(sorted(f"{prefix}#{suffix}" for prefix, suffix in digits)) or "none"
        raise MediaError(
            f"{folder}: holds {len(digits)} sequences of pictures ({found}); "
            "give the pattern of one, such as reel1.%06d.dpx"
        )
    ((prefix, suffix), widths) = digits.popitem()
    return Pattern(str(folder / prefix), widths.pop() if len(widths) == 1 else 1, suffix)


def existing_range(pattern: Pattern, first: int | None, last: int | None) -> FrameRange:
    """The frames of a sequence, from `first` to `last` where given.

    Raises:
        MediaError: there are none, or one in between is missing.
    """
    frames = pattern.frames()
    if not frames:
        raise MediaError(f"{pattern}: no file matches; correct the path or restore the files")
    first = frames[0] if first is None else first
    last = frames[-1] if last is None else last
    if last < first:
        raise MediaError(
            f"{pattern}: its last frame {last} is before its first frame {first}; "
            "correct 'first' or 'last'"
        )
    if first < frames[0] or last > frames[-1]:
        raise MediaError(
            f"{pattern}: has the frames {frames[0]} to {frames[-1]}, not {first} to {last}; "
            "correct 'first' or 'last', or restore the files"
        )
    missing = sorted(set(range(first, last + 1)) - set(frames))
    if missing:
        raise MediaError(f"{pattern}: {_name_frames(missing)}")
    return FrameRange(first=first, last=last)


def _name_frames(missing: list[int]) -> str:
    named = ", ".join(str(frame) for frame in missing[:_FRAMES_NAMED])
    if len(missing) == 1:
        return f"frame {named} is missing; restore the file, or set 'first' and 'last'"
    more = len(missing) - _FRAMES_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"frames {named}{rest} are missing; restore the files, or set 'first' and 'last'"
