"""Atomic writes: a file is written whole or not at all."""

import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unfade.errors import WorkError
from unfade.work.processes import host_key, is_running

FOREIGN_LEFTOVER_AGE_S = 24 * 3600
"""Seconds after which the temporary file of another machine counts as left: nothing is known of its
process, and no write pauses for a day."""

_OWNER = re.compile(r".*\.([0-9a-f]{6})-(\d+)-[0-9a-f]{8}\.partial.*")


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`, with the same suffix, that replaces it on success.

    On failure, or if the process dies, `path` is unchanged.

    Raises:
        WorkError: it cannot be written.
    """
    key = f"{host_key()}-{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.with_name(partial_name(path, key))
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise WorkError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "check write permission and free space there"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def partial_name(path: Path, key: str) -> str:
    """The name of the temporary file of a write, with a key that no other write has."""
    return f".{path.stem}.{key}.partial{path.suffix}"


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8, whole or not at all."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_is_folder(folder: Path) -> None:
    """Checks that a path is a folder, or that one can be made there.

    Raises:
        WorkError: it is a file, or lies in one.
    """
    existing = next((one for one in (folder, *folder.parents) if os.path.exists(one)), None)
    if existing is not None and not os.path.isdir(existing):
        raise WorkError(f"{existing}: is a file; name a folder")


def make_folder(folder: Path) -> None:
    """Makes a folder and its parents, unless they exist.

    Raises:
        WorkError: it is a file, or cannot be made.
    """
    check_is_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkError(
            f"{folder}: cannot be made ({error.strerror}); "
            "check write permission and free space there"
        ) from error


def clear_partials(folder: Path) -> None:
    """Removes the temporary files that ended processes left in a folder and below it; others may
    be at work."""
    _clear(folder.rglob(".*.partial*"))


def clear_partials_of(path: Path) -> None:
    """Removes those of one file alone, because the folder may hold files of other programs."""
    _clear(path.parent.glob(partial_name(path, "*")))


def _clear(temporaries: Iterable[Path]) -> None:
    for path in temporaries:
        with suppress(FileNotFoundError):
            if path.is_file() and _is_left(path):
                path.unlink()


def _is_left(temporary: Path) -> bool:
    """Whether the process that wrote a temporary file has ended."""
    owner = _OWNER.fullmatch(temporary.name)
    if owner is None:
        return True
    if owner[1] == host_key():
        return not is_running(int(owner[2]))
    return time.time() - temporary.stat().st_mtime > FOREIGN_LEFTOVER_AGE_S
