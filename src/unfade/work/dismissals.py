"""The file with the outliers that people dismissed, beside film.toml."""

from pathlib import Path
from threading import Lock

from unfade.errors import WorkError
from unfade.film.dismissal import Dismissal, Dismissals
from unfade.work.writing import write_text

_WRITING = Lock()
"""Held from reading to writing, so that two windows lose no entry of each other."""


def read_dismissals(folder: Path) -> Dismissals:
    """The dismissals in a work directory.

    Raises:
        WorkError: the file is damaged.
    """
    path = folder / Dismissals.PATH
    try:
        return Dismissals.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Dismissals()
    except (OSError, ValueError) as error:
        raise WorkError(
            f"{path}: is damaged ({error}); restore it, because it holds what people decided"
        ) from error


def add_dismissal(folder: Path, dismissal: Dismissal) -> None:
    """Adds a dismissal to those in a work directory.

    Raises:
        WorkError: the file is damaged; it is not changed.
    """
    with _WRITING:
        entries = (*read_dismissals(folder).entries, dismissal)
        write_text(folder / Dismissals.PATH, Dismissals(entries=entries).to_json())
