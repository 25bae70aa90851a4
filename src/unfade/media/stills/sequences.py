"""Finds and checks sequences of numbered files."""

import glob
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from unfade.errors import MediaError
from unfade.film.file_pattern import FilePattern, check_utf8, parse_file_pattern
from unfade.film.time import MAX_FRAME, FrameRange
from unfade.media.stills.reader import STILL_SUFFIXES

_DIGITS = re.compile(r"(\d+)", re.ASCII)
"""A number in a file name, in ASCII digits."""
_NUMBER_PLACEHOLDER = re.compile(r"\$F\d*|%\d*[dD]|@+|#+|\[\d+-\d+\]")
"""Placeholders for the frame number: Houdini, C's printf, effects and editing programs, and
shells."""

_BACKSLASH_MEANINGS = str.maketrans(
    {"\\": "/", "\b": "/b", "\t": "/t", "\n": "/n", "\f": "/f", "\r": "/r"}
)
"""The path that was meant by a backslash, alone or as TOML reads it with the letter after it."""


def parse_pattern(path: str) -> FilePattern | None:
    """``reel.%06d.dpx`` or ``reel.######.dpx`` as a pattern, None if the path has no frame number.

    Raises:
        MediaError: the number is outside the file name, or there is more than one.
    """
    folder, _ = os.path.split(path)
    try:
        pattern = parse_file_pattern(path)
        outer = None if os.path.isdir(folder) else parse_file_pattern(folder)
    except ValueError as error:
        raise MediaError(str(error)) from error
    if outer is not None:
        raise MediaError(
            f"{path}: has a frame number outside the file name; "
            "write one %06d, in the last part of the path"
        )
    return pattern


def frames_of(pattern: FilePattern) -> list[int]:
    """The frame numbers of the files that exist, ascending."""
    folder = os.path.dirname(pattern.prefix) or "."
    if not os.path.isdir(folder):
        return []
    numbers = (pattern.number_in(entry) for entry in os.listdir(folder))
    return sorted(number for number in numbers if number is not None)


def picture_in_folder(folder: Path) -> str:
    """The pattern of the only sequence in a folder, or the path of its only still.

    Raises:
        MediaError: the folder holds no picture, or several that do not form one sequence.
    """
    names = _still_names(str(folder))
    for name in names:
        check_utf8(str(folder / name))
    if len(names) == 1 and not _DIGITS.search(Path(names[0]).stem):
        return str(folder / names[0])
    patterns = _without_negative(patterns_of(names))
    if len(patterns) > 1:
        suffixes = {os.path.splitext(name)[1] for name in names}
        if len({one.lower() for one in suffixes}) == 1 and len(_patterns_ignoring_case(names)) == 1:
            raise MediaError(
                f"{folder}: holds one sequence whose suffixes differ in case "
                f"({', '.join(sorted(suffixes))}); rename the files to one suffix"
            )
    if len(patterns) != 1:
        listed = ", ".join(sorted(_with_hashes(pattern) for pattern in patterns)) or "none"
        raise MediaError(
            f"{folder}: holds {len(patterns)} sequences of pictures ({listed}); "
            "give the pattern of one, such as reel1.%06d.dpx"
        )
    return str(folder / str(patterns[0]))


def _without_negative(patterns: list[FilePattern]) -> list[FilePattern]:
    """The patterns with non-negative numbers, or all if there are none. A pattern with negative
    numbers is the part of a sequence below 0."""
    return [pattern for pattern in patterns if not pattern.is_negative] or patterns


def _patterns_ignoring_case(names: list[str]) -> list[FilePattern]:
    parts = map(os.path.splitext, names)
    return _without_negative(patterns_of([stem + suffix.lower() for stem, suffix in parts]))


def _still_names(folder: str) -> list[str]:
    return sorted(
        entry
        for entry in os.listdir(folder)
        if Path(entry).suffix.lower() in STILL_SUFFIXES and not entry.startswith(".")
    )


def patterns_of(names: list[str]) -> list[FilePattern]:
    """The sequences that files belong to; files without a number are left out.

    The frame number is the last number before the suffix that varies between files with otherwise
    equal names, so that neither ``.jp2`` nor ``scan_0001_2k.dpx`` is numbered by its 2.
    """
    return [pattern for pattern, _ in _numbered_patterns(names)]


def sequences_of(names: list[str]) -> dict[FilePattern, list[str]]:
    """The sequences of `patterns_of` with the files of each."""
    return {
        pattern: [
            name
            for number in sorted(numbers)
            if pattern.number_in(name := f"{pattern.prefix}{number}{pattern.suffix}") is not None
        ]
        for pattern, numbers in _numbered_patterns(names)
    }


def _numbered_patterns(names: list[str]) -> Iterator[tuple[FilePattern, set[str]]]:
    """The sequences that files belong to, with the numbers in files of such names."""
    names_by_shape: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    for name in names:
        stem, suffix = os.path.splitext(name)
        parts = _DIGITS.split(stem)
        if len(parts) > 1:
            names_by_shape[(*parts[0::2], suffix)].append([*parts, suffix])
    for files in names_by_shape.values():
        yield from _patterns_of_shape(files)


def _patterns_of_shape(files: list[list[str]]) -> Iterator[tuple[FilePattern, set[str]]]:
    """The sequences of files whose names differ in their numbers only, split at the numbers."""
    number_parts = range(1, len(files[0]) - 1, 2)
    varying_parts = [k for k in number_parts if len({parts[k] for parts in files}) > 1]
    varying_part = varying_parts[-1] if varying_parts else number_parts[-1]
    digits: dict[tuple[str, str], set[str]] = defaultdict(set)
    for parts in files:
        surroundings = "".join(parts[:varying_part]), "".join(parts[varying_part + 1 :])
        digits[surroundings].add(parts[varying_part])
    for (prefix, suffix), numbers in digits.items():
        for width in _paddings(numbers):
            yield FilePattern(prefix, width, suffix), numbers


def _paddings(numbers: set[str]) -> set[int]:
    """The widths in digits to which numbers are padded; a single one if all belong to one
    sequence."""
    min_width = min(len(number) for number in numbers)
    padded = {len(number) for number in numbers if number.startswith("0") and number != "0"}
    return padded | {min_width} if padded - {min_width} else {min_width}


def _with_hashes(pattern: FilePattern) -> str:
    return f"{pattern.prefix}{'#' * pattern.width}{pattern.suffix}"


def sequence_around(path: str) -> FilePattern | None:
    """The sequence that a still belongs to, None if it stands alone."""
    folder, name = os.path.split(path)
    names = _still_names(folder or ".")
    for pattern in patterns_of(names) if name in names else []:
        if pattern.number_in(name) is not None:
            prefix = os.path.join(folder, pattern.prefix)
            sequence = FilePattern(prefix, pattern.width, pattern.suffix)
            return sequence if len(frames_of(sequence)) > 1 else None
    return None


def suggested_path(path: str) -> str | None:
    """The existing path that was probably meant by one that does not exist; None if it exists or
    nothing matches.

    Backslashes become ``/``, including those that TOML read as part of a control character.
    ``scan/*.dpx`` becomes the only sequence that it matches; so do other programs' placeholders for
    the frame number, such as ``$F4``, ``%4d``, ``@@@@`` and ``[0001-0015]``.
    """
    if _exists(path):
        return None
    slashed = path.translate(_BACKSLASH_MEANINGS)
    if slashed != path and (_exists(slashed) or suggested_path(slashed)):
        return suggested_path(slashed) or slashed
    matches = _numbered_like(path) or [one for one in glob.glob(path) if os.path.isfile(one)]
    if len(matches) == 1 and glob.has_magic(path):
        return matches[0]
    folders = {os.path.dirname(match) for match in matches}
    patterns = _without_negative(patterns_of([os.path.basename(match) for match in matches]))
    if len(folders) != 1 or len(patterns) != 1:
        return None
    return os.path.join(folders.pop(), str(patterns[0]))


def _numbered_like(path: str) -> list[str]:
    """The files that match a path with any number in place of each placeholder."""
    folder, name = os.path.split(path)
    surroundings = _NUMBER_PLACEHOLDER.split(name)
    if len(surroundings) == 1 or not os.path.isdir(folder or "."):
        return []
    numbered = re.compile(r"-?[0-9]+".join(map(re.escape, surroundings)))
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


def existing_frames(
    pattern: FilePattern, first: int | None, last: int | None
) -> tuple[FrameRange, list[int]]:
    """The range of a sequence, from `first` to `last` if given, and the frames in it that exist,
    ascending; those at its ends may be missing as well as those between.

    Raises:
        MediaError: no file matches, all end before `first` or begin after `last`, or files beside
            them may belong to the sequence too.
    """
    frames = frames_of(pattern)
    if not frames:
        raise MediaError(f"{pattern}: no file matches; correct the path or restore the files")
    if first is None or last is None or pattern.is_negative:
        _check_nothing_left_out(pattern, frames)
    first = frames[0] if first is None else first
    last = frames[-1] if last is None else last
    if last < first:
        raise MediaError(
            f"{pattern}: its last frame {last} is before its first frame {first}; "
            "correct 'first' or 'last'"
        )
    if last < frames[0] or first > frames[-1]:
        raise MediaError(
            f"{pattern}: has the frames {frames[0]} to {frames[-1]}, not {first} to {last}; "
            "correct 'first' or 'last', or restore the files"
        )
    if last > MAX_FRAME:
        raise MediaError(
            f"{pattern}: has a frame {last}; rename its files, because the largest number that "
            f"headers hold is {MAX_FRAME}"
        )
    return FrameRange(first=first, last=last), [one for one in frames if first <= one <= last]


def _check_nothing_left_out(pattern: FilePattern, frames: list[int]) -> None:
    """
    Raises:
        MediaError: the pattern leaves out files beside it: those with negative numbers, or those
            whose suffix differs in case.
    """
    if pattern.is_negative:
        raise MediaError(
            f"{pattern}: has negative frame numbers, which would run backwards; "
            "number the files from 0"
        )
    existing, negative = set(frames), FilePattern(f"{pattern.prefix}-", 1, pattern.suffix)
    digits = re.compile(
        f"{re.escape(os.path.basename(negative.prefix))}[0-9]+{re.escape(negative.suffix)}"
    )
    for entry in sorted(os.listdir(os.path.dirname(pattern.prefix) or ".")):
        if negative.is_negative and digits.fullmatch(entry):
            raise MediaError(
                f"{pattern}: leaves out negative frame numbers, such as in {entry}; "
                "number the files from 0, or set 'first' and 'last'"
            )
        cut = len(entry) - len(pattern.suffix)
        if entry[cut:] != pattern.suffix and entry[cut:].lower() == pattern.suffix.lower():
            number = pattern.number_in(entry[:cut] + pattern.suffix)
            if number is not None and number not in existing:
                raise MediaError(
                    f"{pattern}: leaves out {entry}, whose suffix differs in case; "
                    "rename the files to one suffix, or set 'first' and 'last'"
                )
