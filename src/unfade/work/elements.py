"""Elements: the files that film.toml names."""

import hashlib
import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from unfade.errors import MediaError
from unfade.film.file_pattern import parse_file_pattern
from unfade.work.digest_cache import DigestCache, KnownElement
from unfade.work.listing import is_file_entry
from unfade.work.progress import Track

_UNREADABLE = "unreadable"
"""In the place of the SHA-256 of a file that cannot be read."""


@dataclass(frozen=True)
class Element:
    """The content behind a path of film.toml: the number of files, and a digest of them all."""

    files: int
    content: str

    def __str__(self) -> str:
        return f"{self.files} files, {self.content}"


class ElementFiles(NamedTuple):
    """The files of an element: their folder, with a slash at its end, their names, sorted, and
    those of them that are links. A film has 150,000, too many for an object each."""

    folder: str
    names: list[str]
    links: set[str]

    def paths(self) -> list[str]:
        """The path of each file."""
        return [self.folder + name for name in self.names]


def scan_element(path: str, role: str, digests: DigestCache, track: Track) -> Element | None:
    """The element behind a path of film.toml; None if there is no file.

    The digest is over names and contents of the files, not over folders and times of change: a
    file that is moved or touched is the same element, a renamed file is another one. A file of a
    sequence that cannot be read counts as unreadable, so that ingest lists it as damaged.

    Args:
        path: a file, a folder, or a sequence pattern such as ``reel.%06d.dpx``; absolute.
        role: what the element is to the film, such as "the source".
        digests: gives the digests of its files.
        track: shows progress over the files.

    Raises:
        MediaError: the path is a pipe or a device, or a file was removed meanwhile.
        OSError: the path is of one file, which cannot be read.
    """
    files = files_of(path)
    if not files.names:
        return None
    # Finding out the real path of every file of a long sequence takes longer than all else.
    real_folder = os.path.join(os.path.realpath(files.folder), "")
    facts = _facts(files, real_folder, track(files.names, f"Files of {role}", len(files.names)))
    known = digests.element(role)
    if known is not None and known.facts == facts:
        return Element(known.files, known.content)
    names = track(files.names, f"Checksums of {role}", len(files.names))
    contents = [*_digests(path, files, names, real_folder, role, digests)]
    text = "".join(f"{name} {sha256}\n" for name, sha256 in zip(files.names, contents, strict=True))
    content = hashlib.sha256(os.fsencode(text)).hexdigest()[:16]
    if facts and _UNREADABLE not in contents:
        digests.know_element(role, KnownElement(facts, len(files.names), content))
    return Element(len(files.names), content)


def _facts(files: "ElementFiles", real_folder: str, names: Iterable[str]) -> str:
    """A digest of names, sizes, times of change and real paths of files; empty if one of them
    cannot be looked at."""
    facts = array("q")
    try:
        for name in names:
            status = os.stat(files.folder + name)
            facts.extend((status.st_size, status.st_mtime_ns, status.st_mode))
    except OSError:
        return ""
    links = [os.path.realpath(files.folder + name) for name in sorted(files.links)]
    paths = os.fsencode("\0".join([real_folder, *links, *files.names]))
    return hashlib.sha256(facts.tobytes() + paths).hexdigest()


def _digests(
    path: str,
    files: "ElementFiles",
    names: Iterable[str],
    real_folder: str,
    role: str,
    digests: DigestCache,
) -> Iterator[str]:
    """The SHA-256 of each file of a path.

    Raises:
        MediaError: a file is a pipe or a device, or was removed meanwhile.
        OSError: the path is of one file, which cannot be read.
    """
    for name in names:
        file = files.folder + name
        real_path = os.path.realpath(file) if name in files.links else real_folder + name
        try:
            yield digests.of(f"<{role}>/{name}", file, real_path)
        except FileNotFoundError as error:
            raise MediaError(
                f"{file}: was removed while the film was looked at; restore the file"
            ) from error
        except OSError:
            if file == path:
                raise
            yield _UNREADABLE


def relocated(recorded: str, named: str, is_folder: bool) -> str:
    """The current path of a file or sequence whose folder may have changed since it was recorded.

    Args:
        recorded: its path when it was recorded.
        named: its path in film.toml now: of the file, the sequence, or its folder.
        is_folder: whether `named` is a folder.
    """
    folder = PurePath(named) if is_folder else PurePath(named).parent
    return str(folder / PurePath(recorded).name)


def files_of(path: str) -> ElementFiles:
    """The files behind a path; hidden files of a folder are left out, and what a pattern matches
    that is no file, such as a link to a file that is gone."""
    if os.path.isdir(path):
        return _files_in(path, lambda name: not name.startswith("."))
    folder, name = os.path.split(path)
    if os.path.exists(path):
        links = {name} if os.path.islink(path) else set()
        return ElementFiles(os.path.join(folder, ""), [name], links)
    try:
        pattern = parse_file_pattern(path)
    except ValueError:
        pattern = None
    if pattern is None or not os.path.isdir(folder):
        return ElementFiles(folder, [], set())
    return _files_in(folder, pattern.names.fullmatch)


def _files_in(folder: str, is_wanted: Callable[[str], object]) -> ElementFiles:
    names: list[str] = []
    links: set[str] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if not is_wanted(name):
                continue
            if entry.is_file(follow_symlinks=False):
                names.append(name)
            elif is_file_entry(entry):
                names.append(name)
                links.add(name)
    return ElementFiles(os.path.join(folder, ""), sorted(names), links)
