"""The file with the outliers that people dismissed, beside film.toml."""

from pathlib import Path
from threading import Lock

from unfade.film.dismissal import Dismissal, Dismissals
from unfade.work.people_records import read_people_record
from unfade.work.writing import write_text

_WRITING = Lock()
"""Held from reading to writing, so that two windows lose no entry of each other."""


def read_dismissals(folder: Path) -> Dismissals:
    """The dismissals in a work directory.

    Raises:
        WorkError: the file is damaged.
    """
    return read_people_record(folder, Dismissals, "what people decided")


def add_dismissal(folder: Path, dismissal: Dismissal) -> None:
    """Adds a dismissal to those in a work directory.

    Raises:
        WorkError: the file is damaged; it is not changed.
    """
    with _WRITING:
        entries = (*read_dismissals(folder).entries, dismissal)
        write_text(folder / Dismissals.PATH, Dismissals(entries=entries).to_json())
