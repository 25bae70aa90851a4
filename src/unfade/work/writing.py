"""Files are written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unfade.errors import WorkError


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, of the same suffix, that takes its place on success.

    On failure, or when the process dies, `path` is as it was before.

    Raises:
        WorkError: it cannot be written.
    """
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise WorkError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "see to write permission and free space there"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_is_folder(folder: Path) -> None:
    """Whether a path may be that of a folder, there already or to be made.

    Raises:
        WorkError: it is a file, or lies in one.
    """
    there = next((one for one in (folder, *folder.parents) if os.path.exists(one)), None)
    if there is not None and not os.path.isdir(there):
        raise WorkError(f"{there}: is a file; name a folder")


def make_folder(folder: Path) -> None:
    """Makes a folder, with those that it lies in, unless it is there.

    Raises:
        WorkError: it is a file, or cannot be made.
    """
    check_is_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkError(
            f"{folder}: cannot be made ({error.strerror}); choose one that you may write to"
        ) from error


def clear_partials(folder: Path) -> None:
    """Removes what a killed run left half-written."""
    for path in folder.rglob(".*.partial*"):
        if path.is_file():
            path.unlink()
