"""Digests of files that were read, so that a file is read again only if it has changed."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter

from unfade.errors import MediaError
from unfade.film.noun import paused_garbage_collection

DIGEST_CACHE = ".digests.json"
"""File, in the work directory, that stores a `DigestCache` but for the files of elements. It may be
deleted; files are then read again."""

ELEMENT_DIGESTS = ".element-digests.json"
"""File that stores the digests of the files of elements, 150,000 of a film; it is read if an
element has changed."""

Entries = dict[str, tuple[int, int, str, str]]
"""Of each key the size in bytes, the time of change in nanoseconds, the real path of a file of an
element, and the SHA-256."""


class KnownElement(NamedTuple):
    """An element of `files` files with a digest of their `content`, valid while a digest of their
    `facts`, names, sizes, times of change and real folder, stays the same."""

    facts: str
    files: int
    content: str


class _Stored(NamedTuple):
    """What `DIGEST_CACHE` holds."""

    entries: Entries
    elements: dict[str, KnownElement]


_STORED, _ENTRIES = TypeAdapter(_Stored), TypeAdapter(Entries)


class DigestCache:
    """SHA-256 of files by key, valid while a file's size and time of change stay the same.

    For a file of an element, its real path must stay the same too. The keys of elements hold a role
    and a file name but no folder, so that the digest of a moved file replaces its old one. `read`
    gives the digest of a file that has changed; whoever must not wait replaces it.
    """

    def __init__(self, text: str = "", text_of_elements: Callable[[], str] = str) -> None:
        """
        Args:
            text: of `DIGEST_CACHE`; empty, damaged, or of a version that stored the files of
                elements in it, too.
            text_of_elements: gives the text of `ELEMENT_DIGESTS`; a damaged one counts as empty.
        """
        self.changed = False
        self.elements_changed = False
        self.read: Callable[[Path], str] = digest
        self._text_of_elements = text_of_elements
        self._requested: set[str] = set()
        self._entries, self._elements = self._stored(text)

    def _stored(self, text: str) -> _Stored:
        if not text:
            return _Stored({}, {})
        try:
            return _STORED.validate_json(text)
        except ValueError:
            self.changed = True
        former = _entries_in(text)
        if of_elements := {key: entry for key, entry in former.items() if _role(key)}:
            self._files.update(of_elements)
            self.elements_changed = True
        return _Stored({key: one for key, one in former.items() if not _role(key)}, {})

    @cached_property
    def _files(self) -> Entries:
        """The entries of the files of elements."""
        return _entries_in(self._text_of_elements())

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
        is_of_element = _role(key) != ""
        if real_path is None:
            real_path = os.path.realpath(path) if is_of_element else ""
        now = (status.st_size, status.st_mtime_ns, real_path)
        entries = self._files if is_of_element else self._entries
        entry = entries.get(key)
        if entry is None or entry[:3] != now:
            entry = (*now, self.read(Path(path)))
            entries[key] = entry
            self.changed = True
            self.elements_changed |= is_of_element
        return entry[3]

    def know(self, key: str, size: int, mtime_ns: int, content: str) -> None:
        """Takes over the digest of a file of the work directory, with its size and the time of its
        change when the digest was taken."""
        self._requested.add(key)
        if self._entries.get(key) != (entry := (size, mtime_ns, "", content)):
            self._entries[key] = entry
            self.changed = True

    def element(self, role: str) -> KnownElement | None:
        """What is known of the element of a role, without its files; None if nothing is."""
        return self._elements.get(role)

    def know_element(self, role: str, known: KnownElement) -> None:
        """Takes over what is known of the element of a role."""
        if self._elements.get(role) != known:
            self._elements[role] = known
            self.changed = True

    def adopt(self, other: "DigestCache") -> None:
        """Takes over the digests of another cache, which is not stored yet."""
        self._entries |= other._entries
        self._elements |= other._elements
        self.changed = True
        if other.elements_changed:
            self._files |= other._files
            self.elements_changed = True

    def forget(self, exists: Callable[[str], bool]) -> None:
        """Drops the digests of files that are gone.

        A file of the work directory is gone if `exists` is false for its key. A file of an element
        is gone if the files of the element were looked at since this cache was loaded, but the file
        was not.
        """
        self._entries = {
            key: entry
            for key, entry in self._entries.items()
            if key in self._requested or exists(key)
        }
        if self.elements_changed:
            scanned = {_role(key) for key in self._requested}
            gone = {key for key in self._files if _role(key) in scanned} - self._requested
            for key in gone:
                del self._files[key]

    def to_json(self) -> str:
        """The text of `DIGEST_CACHE`."""
        return _as_json({"entries": self._entries, "elements": self._elements})

    def elements_to_json(self) -> str:
        """The text of `ELEMENT_DIGESTS`."""
        return _as_json(self._files)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entries_in(text: str) -> Entries:
    """The entries of a text; none if it is damaged."""
    try:
        with paused_garbage_collection():
            return _ENTRIES.validate_json(text or "{}")
    except ValueError:
        return {}


def _as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _role(key: str) -> str:
    """The role of the element that a key is of: ``"<the source"``; "" for files of the work
    directory."""
    return key.partition(">")[0] if key.startswith("<") else ""
