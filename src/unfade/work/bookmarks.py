"""The file with the bookmarks of people, beside film.toml."""

from pathlib import Path
from threading import Lock

from unfade.film.bookmark import Bookmark, Bookmarks
from unfade.work.people_records import read_people_record
from unfade.work.writing import write_text

_WRITING = Lock()
"""Held from reading to writing, so that two windows lose no bookmark of each other."""


def read_bookmarks(folder: Path) -> Bookmarks:
    """The bookmarks in a work directory.

    Raises:
        WorkError: the file is damaged.
    """
    return read_people_record(folder, Bookmarks, "the notes of people")


def add_bookmark(folder: Path, bookmark: Bookmark) -> None:
    """Adds a bookmark to those in a work directory.

    Raises:
        WorkError: the file is damaged; it is not changed.
    """
    with _WRITING:
        marks = (*read_bookmarks(folder).marks, bookmark)
        write_text(folder / Bookmarks.PATH, Bookmarks(marks=marks).to_json())
