"""Elements, the files that film.toml names, and digests of what files contain."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

from pydantic import TypeAdapter

from unfade.errors import MediaError
from unfade.film.file_pattern import parse_file_pattern
from unfade.film.noun import paused_garbage_collection
from unfade.work.listing import is_file_entry
from unfade.work.progress import Track

DIGEST_CACHE = ".digests.json"
"""File, in the work directory, that stores a `DigestCache`. It may be deleted; files are then read
again."""


Entries = dict[str, tuple[int, int, str, str]]
"""Of each key the size in bytes, the time of change in nanoseconds, the real path of a file of an
element, and the SHA-256."""

_ENTRIES = TypeAdapter(Entries)


@dataclass(frozen=True)
class Element:
    """The content behind a path of film.toml: the number of files, and a digest of them all."""

    files: int
    content: str

    def __str__(self) -> str:
        return f"{self.files} files, {self.content}"


class DigestCache:
    """SHA-256 of files by key, valid while a file's size and time of change stay the same.

    For a file of an element, its real path must stay the same too. The keys of elements hold a role
    and a file name but no folder, so that the digest of a moved file replaces its old one. `read`
    gives the digest of a file that has changed; whoever must not wait replaces it.
    """

    def __init__(self, text: str = "") -> None:
        """
        Args:
            text: the result of an earlier `to_json`; a damaged text gives an empty cache.
        """
        self.changed = False
        self.read: Callable[[Path], str] = digest
        self._requested: set[str] = set()
        self._entries: Entries = {}
        try:
            with paused_garbage_collection():
                self._entries = _ENTRIES.validate_json(text or "{}")
        except ValueError:
            self.changed = True

    def of(self, key: str, path: str | Path, real_path: str | None = None) -> str:
        """The SHA-256 of a file, in hexadecimal; the file is read only if it has changed.

        Args:
            key: of the file.
            path: of the file.
            real_path: of a file of an element, if it is known.

        Raises:
            MediaError: it is a pipe or a device.
        """
        self._requested.add(key)
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise MediaError(f"{path}: is no regular file; put the file in its place")
        if real_path is None:
            real_path = os.path.realpath(path) if _role(key) else ""
        now = (status.st_size, status.st_mtime_ns, real_path)
        entry = self._entries.get(key)
        if entry is None or entry[:3] != now:
            entry = (*now, self.read(Path(path)))
            self._entries[key] = entry
            self.changed = True
        return entry[3]

    def know(self, key: str, size: int, mtime_ns: int, content: str) -> None:
        """Takes over the digest of a file of the work directory, with its size and the time of its
        change when the digest was taken."""
        self._requested.add(key)
        if self._entries.get(key) != (entry := (size, mtime_ns, "", content)):
            self._entries[key] = entry
            self.changed = True

    def adopt(self, other: "DigestCache") -> None:
        """Takes over the digests of another cache, which is not stored yet."""
        self._entries |= other._entries
        self.changed = True

    def forget(self, exists: Callable[[str], bool]) -> None:
        """Drops the digests of files that are gone.

        A file of the work directory is gone if `exists` is false for its key. A file of an element
        is gone if the element was scanned since this cache was loaded, but the file was not.
        """
        scanned = {_role(key) for key in self._requested}
        self._entries = {
            key: entry
            for key, entry in self._entries.items()
            if key in self._requested or (_role(key) not in scanned if _role(key) else exists(key))
        }

    def to_json(self) -> str:
        """The cache as JSON, for another process."""
        return json.dumps(self._entries, separators=(",", ":"), ensure_ascii=False)


def _role(key: str) -> str:
    """The role of the element that a key is of: ``"<the source"``; "" for files of the work
    directory."""
    return key.partition(">")[0] if key.startswith("<") else ""


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
    folder, names, links = files_of(path)
    if not names:
        return None
    # Finding out the real path of every file of a long sequence takes longer than all else.
    real_folder = os.path.join(os.path.realpath(folder), "")
    contents: list[str] = []
    for name in track(names, f"Checksums of {role}", len(names)):
        file = folder + name
        real_path = os.path.realpath(file) if name in links else real_folder + name
        try:
            sha256 = digests.of(f"<{role}>/{name}", file, real_path)
        except FileNotFoundError as error:
            raise MediaError(
                f"{file}: was removed while the film was looked at; restore the file"
            ) from error
        except OSError:
            if file == path:
                raise
            sha256 = "unreadable"
        contents.append(f"{name} {sha256}\n")
    content = hashlib.sha256(os.fsencode("".join(contents)))
    return Element(len(names), content.hexdigest()[:16])


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    return _files_in(folder, lambda name: pattern.number_in(name) is not None)


def _files_in(folder: str, is_wanted: Callable[[str], bool]) -> ElementFiles:
    names: list[str] = []
    links: set[str] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if is_wanted(name) and is_file_entry(entry):
                names.append(name)
                if entry.is_symlink():
                    links.add(name)
    return ElementFiles(os.path.join(folder, ""), sorted(names), links)
