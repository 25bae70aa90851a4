"""Elements: the files that a film is made from, as the user names them; and what files hold."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from unfade.film.file_pattern import parse_file_pattern

DIGESTS = ".digests.json"
"""In the work directory: what `Digests` remembers. It may be deleted; files are then read again."""


@dataclass(frozen=True)
class Element:
    """What lies behind a path of film.toml: how many files, and a digest of all they hold."""

    files: int
    content: str

    def __str__(self) -> str:
        return f"{self.files} files, {self.content}"


class Digests:
    """SHA-256 of files by key, remembered while size, time of change and, of elements, place stay.

    A key holds no folder, so that the digest of a relocated element takes the place of its old one.
    """

    def __init__(self, text: str = "") -> None:
        """
        Args:
            text: what `to_json` gave earlier; what is damaged is forgotten.
        """
        self.changed = False
        self._asked: set[str] = set()
        self._known: dict[str, tuple[int, int, str, str]] = {}
        try:
            self._known = {
                key: (int(size), int(time), str(place), str(content))
                for key, (size, time, place, content) in _fields(text)
            }
        except (ValueError, TypeError):
            self.changed = True

    def of(self, key: str, path: Path) -> str:
        """The SHA-256 of a file, in hexadecimal; the file is read where it is not known."""
        self._asked.add(key)
        about = path.stat()
        now = (about.st_size, about.st_mtime_ns, os.path.realpath(path) if _role(key) else "")
        known = self._known.get(key)
        if known is None or known[:3] != now:
            known = (*now, digest(path))
            self._known[key] = known
            self.changed = True
        return known[3]

    def forget(self, is_there: Callable[[str], bool]) -> None:
        """Drops digests of files that no longer exist: of the work directory if `is_there` does not
        find them, of an element if it was read without them."""
        looked_at = {_role(key) for key in self._asked}
        self._known = {
            key: known
            for key, known in self._known.items()
            if key in self._asked or (_role(key) not in looked_at if _role(key) else is_there(key))
        }

    def to_json(self) -> str:
        """All that is known, for another process."""
        return json.dumps(self._known, separators=(",", ":"), ensure_ascii=False)


def _role(key: str) -> str:
    """What an element is called that a key is of: ``"<the source"``; empty for other files."""
    return key.partition(">")[0] if key.startswith("<") else ""


def _fields(text: str) -> list[tuple[str, tuple[int, int, str, str]]]:
    fields = json.loads(text or "{}")
    if not isinstance(fields, dict):
        raise ValueError("holds no digests")
    return list(fields.items())


def element(
    path: str,
    digest_of: Callable[[Path], str],
    track: Callable[[list[Path]], Iterable[Path]],
) -> Element | None:
    """What lies behind a path of film.toml, none where there is no file.

    Names of files count, and what they hold; folders and times of change do not. A file that is
    relocated or touched is the same element, a file that has another name is another one.

    Args:
        path: a file, a folder, or a sequence pattern such as ``reel.%06d.dpx``; absolute.
        digest_of: gives the digest of a file.
        track: shows how far it is.
    """
    places = _files(Path(path))
    if not places:
        return None
    facts = hashlib.sha256()
    for place in track(places):
        facts.update(os.fsencode(place.name) + f" {digest_of(place)}\n".encode())
    return Element(len(places), facts.hexdigest()[:16])


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def relocated(recorded: str, named: str, is_folder: bool) -> str:
    """Where a file or sequence lies now that was recorded under another folder.

    Args:
        recorded: its path when it was found.
        named: its path as film.toml has it now: of the file, the sequence, or its folder.
        is_folder: whether `named` is a folder.
    """
    folder = PurePath(named) if is_folder else PurePath(named).parent
    return str(folder / PurePath(recorded).name)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = [Path(entry.path) for entry in os.scandir(path) if entry.is_file()]
        return sorted(place for place in found if not place.name.startswith("."))
    if path.exists():
        return [path]
    try:
        pattern = parse_file_pattern(str(path))
    except ValueError:
        return []
    if pattern is None or not path.parent.is_dir():
        return []
    return sorted(
        Path(entry.path)
        for entry in os.scandir(path.parent)
        if pattern.number_in(entry.name) is not None
    )
