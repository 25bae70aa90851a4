"""Writes film.toml and the files that people edit beside it, so that no change is lost."""

import glob
import hashlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unfade.errors import ProjectError
from unfade.project.file import project_file_text
from unfade.work.writing import partial_name, writing

_edited = threading.local()
"""`folders` are those that the thread edits."""

LEFTOVER_AGE_S = 3_600.0
"""Seconds after which a temporary file was left by a write that was killed: one takes less than a
second."""


def text_digest(text: str) -> str:
    """The SHA-256 of a text, by which an editor says what it has seen."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def seen_text(path: Path, seen: str) -> str:
    """The text of a film.toml whose digest an editor has seen.

    Raises:
        ProjectError: the file was changed meanwhile, or cannot be read.
    """
    text = project_file_text(path)
    if text_digest(text) != seen:
        raise changed_meanwhile(path)
    return text


def replace_project_text(path: Path, seen: str, text: str) -> None:
    """Replaces the text of a film.toml if the file still holds what the editor has seen. Of a link
    the file behind it is replaced.

    Unfade's own editors, threads and processes, wait for one another. The file is compared last of
    all before it is replaced, because other programs do not wait.

    Args:
        path: of film.toml.
        seen: the text that the edit began with, as `project_file_text` reads it.
        text: the new text.

    Raises:
        ProjectError: the file was changed meanwhile; nothing is written.
        WorkError: it cannot be written.
    """
    real = Path(os.path.realpath(path))
    with one_editor(path.parent), writing(real) as temporary:
        _clear_left(real)
        temporary.write_text(text, encoding="utf-8", newline="")
        with suppress(OSError):
            shutil.copymode(path, temporary)
        check_unchanged(path, seen)


def _clear_left(path: Path) -> None:
    """Removes the temporary files that killed writes of a file have left."""
    pattern = partial_name(path.with_name(glob.escape(path.name)), "*")
    for left in path.parent.glob(pattern):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFTOVER_AGE_S:
                left.unlink()


def check_unchanged(path: Path, seen: str) -> None:
    """
    Raises:
        ProjectError: film.toml does not hold the text that an editor has seen.
    """
    if project_file_text(path) != seen:
        raise changed_meanwhile(path)


def changed_meanwhile(path: Path) -> ProjectError:
    """The sentence that refuses an edit of a film.toml that somebody else has changed."""
    return ProjectError(
        f"{path}: was changed elsewhere meanwhile; look at it, then repeat the edit"
    )


@contextmanager
def one_editor(folder: Path) -> Iterator[None]:
    """Makes other threads and processes of Unfade wait that edit film.toml or a file beside it.
    Edits within it belong to it."""
    held: set[str] = vars(_edited).setdefault("folders", set())
    real = os.path.realpath(folder)
    if real in held:
        yield
        return
    with _locked(folder):
        held.add(real)
        try:
            yield
        finally:
            held.remove(real)


if sys.platform == "win32":

    @contextmanager
    def _locked(folder: Path) -> Iterator[None]:
        yield

else:
    import fcntl

    @contextmanager
    def _locked(folder: Path) -> Iterator[None]:
        """Locks a folder itself, which leaves no file behind; no lock where there are none."""
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:
            yield
            return
        try:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
