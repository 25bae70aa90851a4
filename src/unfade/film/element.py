"""Elements: the files that a film is made from, as the user names them."""

import hashlib
import os
from pathlib import Path

from unfade.film.file_pattern import parse_file_pattern


def fingerprint(path: str) -> str:
    """A short text that changes when the files behind a path do.

    It is made from names, sizes and times of change, so that a feature film takes seconds.

    Args:
        path: a file, a folder, or a sequence pattern such as ``reel.%06d.dpx``.
    """
    facts = hashlib.sha256()
    for place in _files(Path(path)):
        about = place.stat()
        facts.update(f"{place.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return facts.hexdigest()[:16]


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(place for place in path.iterdir() if place.is_file())
    if path.exists():
        return [path]
    pattern = parse_file_pattern(str(path))
    if pattern is None or not path.parent.is_dir():
        return []
    return sorted(
        Path(entry.path)
        for entry in os.scandir(path.parent)
        if pattern.number_in(entry.name) is not None
    )
