"""Numbered files as moving pictures."""

import glob
import os
import re
from collections import defaultdict
from itertools import chain, islice, pairwise
from pathlib import Path

from unfade.errors import MediaError
from unfade.film.file_pattern import FilePattern, check_utf8, parse_file_pattern
from unfade.film.time import FrameRange
from unfade.film.values import MAX_FRAME
from unfade.media.stills.reader import STILL_SUFFIXES

_DIGITS = re.compile(r"(\d+)", re.ASCII)
_PLACES = re.compile(r"\$F\d*|%\d*[dD]|@+|#+|\[\d+-\d+\]")
"""How programs write the frame number: Houdini, C, others of effects and editing, and shells."""

_BACKSLASHES = str.maketrans(
    {"\\": "/", "\b": "/b", "\t": "/t", "\n": "/n", "\f": "/f", "\r": "/r"}
)
"""What was meant by a backslash, alone and with the letter after it as TOML reads it."""

_FRAMES_NAMED = 5
"""How many missing frames an error lists before it says how many more."""


def parse_pattern(path: str) -> FilePattern | None:
    """``reel.%06d.dpx`` or ``reel.######.dpx`` as a pattern, none where a path has no number.

    Raises:
        MediaError: the number is not in the file's name, or there is more than one.
    """
    folder, _ = os.path.split(path)
    try:
        pattern = parse_file_pattern(path)
        outer = None if os.path.isdir(folder) else parse_file_pattern(folder)
    except ValueError as error:
        raise MediaError(str(error)) from error
    if outer is not None:
        raise MediaError(
            f"{path}: has its frame number in more than the file's name; "
            "write one %06d, in the last part of the path"
        )
    return pattern


def frames_of(pattern: FilePattern) -> list[int]:
    """The numbers of the files that exist, in order."""
    folder = os.path.dirname(pattern.prefix) or "."
    if not os.path.isdir(folder):
        return []
    numbers = (pattern.number_in(entry) for entry in os.listdir(folder))
    return sorted(number for number in numbers if number is not None)


def picture_in_folder(folder: Path) -> str:
    """What a folder of stills holds: the pattern of its only sequence, or its only still.

    Raises:
        MediaError: it holds no picture, or several that are not one sequence.
    """
    names = _still_names(str(folder))
    for name in names:
        check_utf8(str(folder / name))
    if len(names) == 1 and not _DIGITS.search(Path(names[0]).stem):
        return str(folder / names[0])
    patterns = _without_negative(patterns_of(names))
    if len(patterns) > 1:
        suffixes = {os.path.splitext(name)[1] for name in names}
        if len({one.lower() for one in suffixes}) == 1 and len(_alike_in_case(names)) == 1:
            raise MediaError(
                f"{folder}: holds one sequence whose suffixes differ in case "
                f"({', '.join(sorted(suffixes))}); rename the files so that all have the same"
            )
    if len(patterns) != 1:
        found = ", ".join(sorted(_with_hashes(pattern) for pattern in patterns)) or "none"
        raise MediaError(
            f"{folder}: holds {len(patterns)} sequences of pictures ({found}); "
            "give the pattern of one, such as reel1.%06d.dpx"
        )
    return str(folder / str(patterns[0]))


def _without_negative(patterns: list[FilePattern]) -> list[FilePattern]:
    """Those whose numbers are positive, or all where none are; the rest is part of them."""
    return [pattern for pattern in patterns if not pattern.is_negative] or patterns


def _alike_in_case(names: list[str]) -> list[FilePattern]:
    parts = map(os.path.splitext, names)
    return _without_negative(patterns_of([stem + suffix.lower() for stem, suffix in parts]))


def _still_names(folder: str) -> list[str]:
    return sorted(
        entry
        for entry in os.listdir(folder)
        if Path(entry).suffix.lower() in STILL_SUFFIXES and not entry.startswith(".")
    )


def patterns_of(names: list[str]) -> list[FilePattern]:
    """The sequences that files are of; files without a number are left out.

    The frame number is the last number before the suffix that is not the same in all files of
    like names, so that neither ``.jp2`` nor ``scan_0001_2k.dpx`` is counted by its 2.
    """
    alike: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    for name in names:
        stem, suffix = os.path.splitext(name)
        parts = _DIGITS.split(stem)
        if len(parts) > 1:
            alike[(*parts[0::2], suffix)].append([*parts, suffix])
    return [pattern for files in alike.values() for pattern in _patterns_of_alike(files)]


def _patterns_of_alike(files: list[list[str]]) -> list[FilePattern]:
    """The sequences of files whose names are alike but for their numbers, split at these."""
    places = range(1, len(files[0]) - 1, 2)
    varying = [k for k in places if len({parts[k] for parts in files}) > 1]
    place = varying[-1] if varying else places[-1]
    digits: dict[tuple[str, str], set[str]] = defaultdict(set)
    for parts in files:
        around = "".join(parts[:place]), "".join(parts[place + 1 :])
        digits[around].add(parts[place])
    return [
        FilePattern(prefix, width, suffix)
        for (prefix, suffix), found in digits.items()
        for width in _paddings(found)
    ]


def _paddings(numbers: set[str]) -> set[int]:
    """The least numbers of digits that numbers are written with; one where they are a sequence."""
    least = min(len(number) for number in numbers)
    padded = {len(number) for number in numbers if number.startswith("0") and number != "0"}
    return padded | {least} if padded - {least} else {least}


def _with_hashes(pattern: FilePattern) -> str:
    return f"{pattern.prefix}{'#' * pattern.width}{pattern.suffix}"


def sequence_around(path: str) -> FilePattern | None:
    """The sequence that a still is a frame of, none where it stands alone."""
    folder, name = os.path.split(path)
    beside = _still_names(folder or ".")
    for pattern in patterns_of(beside) if name in beside else []:
        if pattern.number_in(name) is not None:
            prefix = os.path.join(folder, pattern.prefix)
            found = FilePattern(prefix, pattern.width, pattern.suffix)
            return found if len(frames_of(found)) > 1 else None
    return None


def meant_instead(path: str) -> str | None:
    """The path that is meant by one that does not exist, none where it does or nothing near it.

    Backslashes are taken for ``/``, also those that TOML has taken for the first half of a control
    character, and ``scan/*.dpx`` for the only sequence that it matches, as are other programs' ways
    to write the frame number, such as ``$F4``, ``%4d``, ``@@@@`` and ``[0001-0015]``.
    """
    if _exists(path):
        return None
    slashed = path.translate(_BACKSLASHES)
    if slashed != path and (_exists(slashed) or meant_instead(slashed)):
        return meant_instead(slashed) or slashed
    matches = _numbered_like(path) or [one for one in glob.glob(path) if os.path.isfile(one)]
    if len(matches) == 1 and glob.has_magic(path):
        return matches[0]
    folders = {os.path.dirname(match) for match in matches}
    patterns = _without_negative(patterns_of([os.path.basename(match) for match in matches]))
    if len(folders) != 1 or len(patterns) != 1:
        return None
    return os.path.join(folders.pop(), str(patterns[0]))


def _numbered_like(path: str) -> list[str]:
    """The files that a path names if its places for a number, however written, are numbers."""
    folder, name = os.path.split(path)
    around = _PLACES.split(name)
    if len(around) == 1 or not os.path.isdir(folder or "."):
        return []
    numbered = re.compile(r"-?[0-9]+".join(map(re.escape, around)))
    names = (entry for entry in os.listdir(folder or ".") if numbered.fullmatch(entry))
    return [os.path.join(folder, entry) for entry in sorted(names)]


def _exists(path: str) -> bool:
    if os.path.exists(path):
        return True
    try:
        pattern = parse_file_pattern(path)
    except ValueError:
        return False
    return pattern is not None and bool(frames_of(pattern))


def existing_range(pattern: FilePattern, first: int | None, last: int | None) -> FrameRange:
    """The frames of a sequence, from `first` to `last` where given.

    Raises:
        MediaError: there are none, one in between is missing, or it is not clear that they are all.
    """
    frames = frames_of(pattern)
    if not frames:
        raise MediaError(f"{pattern}: no file matches; correct the path or restore the files")
    if first is None or last is None or pattern.is_negative:
        _check_all(pattern, frames)
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
    held = [frame for frame in frames if first <= frame <= last]
    if len(held) < last - first + 1:
        raise MediaError(f"{pattern}: {_name_missing(first, last, held)}")
    if last > MAX_FRAME:
        raise MediaError(
            f"{pattern}: has a frame {last}; rename its files, because the greatest number that "
            f"headers hold is {MAX_FRAME}"
        )
    return FrameRange(first=first, last=last)


def _check_all(pattern: FilePattern, frames: list[int]) -> None:
    """
    Raises:
        MediaError: frames lie beside that the pattern leaves out: those with negative numbers, and
            those whose suffix differs in case.
    """
    if pattern.is_negative:
        raise MediaError(
            f"{pattern}: has negative frame numbers, which would run backwards; "
            "number the files from 0"
        )
    held, below = set(frames), FilePattern(f"{pattern.prefix}-", 1, pattern.suffix)
    digits = re.compile(
        f"{re.escape(os.path.basename(below.prefix))}[0-9]+{re.escape(below.suffix)}"
    )
    for entry in sorted(os.listdir(os.path.dirname(pattern.prefix) or ".")):
        if below.is_negative and digits.fullmatch(entry):
            raise MediaError(
                f"{pattern}: leaves out negative frame numbers such as that of {entry}; "
                "number the files from 0, or set 'first' and 'last'"
            )
        cut = len(entry) - len(pattern.suffix)
        if entry[cut:] != pattern.suffix and entry[cut:].lower() == pattern.suffix.lower():
            number = pattern.number_in(entry[:cut] + pattern.suffix)
            if number is not None and number not in held:
                raise MediaError(
                    f"{pattern}: leaves out {entry}, whose suffix differs in case; "
                    "rename the files so that all have the same, or set 'first' and 'last'"
                )


def _name_missing(first: int, last: int, held: list[int]) -> str:
    """Which frames from `first` to `last` are not among those that are held."""
    count = last - first + 1 - len(held)
    gaps = (range(low + 1, high) for low, high in pairwise([first - 1, *held, last + 1]))
    named = ", ".join(map(str, islice(chain.from_iterable(gaps), _FRAMES_NAMED)))
    if count == 1:
        return f"frame {named} is missing; restore the file, or set 'first' and 'last'"
    rest = f" and {count - _FRAMES_NAMED} more" if count > _FRAMES_NAMED else ""
    return f"frames {named}{rest} are missing; restore the files, or set 'first' and 'last'"
