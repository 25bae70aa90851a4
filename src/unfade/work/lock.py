"""One run a folder at a time: a lock that the operating system gives up when its holder dies."""

import errno
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unfade.errors import WorkError

LOCK = ".unfade.lock"
"""The file that is locked. It is there while a run works, and after a kill, when it holds nobody
up."""

_CANNOT_LOCK = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTSUP})
"""What a file system without locks answers, as some network mounts do."""

_HELD = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK})
"""What the system answers where another process holds the lock."""

_LOCKED_BYTE = 2**30
"""On Windows a locked byte cannot be read, so one behind the text is locked."""


@contextmanager
def lock_folder(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Holds a folder for this process, or refuses.

    On a file system without locks the block runs all the same, and `say` is told so.

    Args:
        folder: the folder, which exists.
        say: is told a line that stays.

    Raises:
        WorkError: another process holds it, or the folder cannot be written to.
    """
    place = folder / LOCK
    number = _acquire(place, say)
    try:
        os.ftruncate(number, 0)
        os.write(number, _holder().encode("utf-8"))
        yield
    finally:
        _release(place, number)


def _acquire(place: Path, say: Callable[[str], None]) -> int:
    """An open, locked file at `place`: not one that its holder removed in the meantime."""
    while True:
        try:
            number = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise WorkError(
                f"{place.parent}: cannot be written to ({error.strerror}); give yourself write "
                "permission there"
            ) from error
        try:
            _lock(number)
        except OSError as error:
            if error.errno in _CANNOT_LOCK:
                say(f"{place.parent}: its file system has no locks; let no second run work there")
                return number
            os.close(number)
            if error.errno not in _HELD:
                raise WorkError(
                    f"{place}: cannot be locked ({error.strerror}); see to the disk that it is on"
                ) from error
            raise WorkError(
                f"{place.parent}: is in use by {_read(place)}; wait until that has ended, or end it"
            ) from error
        if _is_at(number, place):
            return number
        os.close(number)


def _release(place: Path, number: int) -> None:
    """Removes the file while it is still locked, so that nobody locks a file that then goes."""
    with suppress(OSError):
        place.unlink()
    os.close(number)
    if sys.platform == "win32":
        with suppress(OSError):
            place.unlink()


def _holder() -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return f"process {os.getpid()} on {socket.gethostname()} since {since}\n"


def _read(place: Path) -> str:
    """Who holds the lock; the text may be missing for a moment after the lock is taken."""
    try:
        return place.read_text(encoding="utf-8", errors="replace").strip() or "another run"
    except OSError:
        return "another run"


def _is_at(number: int, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), place.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(number: int) -> None:
        os.lseek(number, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(number, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
