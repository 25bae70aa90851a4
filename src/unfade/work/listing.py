"""Lists folders of hundreds of thousands of files, without an object for each path."""

import os
from collections import defaultdict
from fnmatch import filter as names_like
from pathlib import Path
from typing import NamedTuple


class FileFacts(NamedTuple):
    """Size of a file in bytes, and its time of change in nanoseconds."""

    size: int
    mtime_ns: int


LinkedFacts = defaultdict[int, dict[int, FileFacts]]
"""Facts of files by the number of their disk, and by their number on it, which all hard links to a
file share."""


def file_facts(
    folder: Path,
    part: str = "",
    *,
    deep: bool = False,
    linked: LinkedFacts | None = None,
) -> dict[str, FileFacts]:
    """The files in a folder, and what links to files in it lead to, by path; hidden ones are left
    out. There are none if the folder does not exist.

    Args:
        folder: from which the paths lead.
        part: the part of it that is listed, as a path with a slash at its end.
        deep: whether files of folders in it that are no links count, too.
        linked: facts of files that are known; they are not read again for other hard links. Those
            of all files in the folder are added.
    """
    found: dict[str, FileFacts] = {}
    known = defaultdict(dict) if linked is None else linked
    waiting = [part]
    while waiting:
        inner = _add_facts(found, folder, waiting.pop(), known)
        waiting += inner if deep else []
    return found


def files_like(root: Path, pattern: str) -> list[str]:
    """The files that a pattern matches, sorted, by their paths in a folder: ``"01-ingest/*.npy"``.
    Its last part alone may have wildcards."""
    folder, _, name = pattern.rpartition("/")
    if "*" not in name:
        return [pattern] if os.path.isfile(os.path.join(root, pattern)) else []
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            files = names_like((one.name for one in entries if is_file_entry(one)), name)
    except FileNotFoundError:
        return []
    return [f"{folder}/{file}" for file in sorted(files)]


def is_file_entry(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry of a folder is a file, or a link to one; a link to itself is none."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _add_facts(
    found: dict[str, FileFacts], root: Path, part: str, linked: LinkedFacts
) -> list[str]:
    """Adds the facts of the files in a part of a folder; returns the folders in it. What a run
    removes meanwhile is left out."""
    folders: list[str] = []
    folder = os.path.join(root, part)
    try:
        of_disk, entries = linked[os.stat(folder).st_dev], os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return folders
    with entries:
        for entry in entries:
            name = entry.name
            if entry.is_file(follow_symlinks=False):
                facts = of_disk.get(entry.inode())
            elif entry.is_dir(follow_symlinks=False):
                folders.append(f"{part}{name}/")
                continue
            elif is_file_entry(entry):
                facts = None
            else:
                continue
            if name[0] == ".":
                continue
            if facts is None:
                try:
                    stat = entry.stat()
                except FileNotFoundError:
                    continue
                facts = FileFacts(stat.st_size, stat.st_mtime_ns)
                linked[stat.st_dev][stat.st_ino] = facts
            found[part + name] = facts
    return folders
