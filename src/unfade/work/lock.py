"""A lock that allows one run at a time in a folder; the system releases it if its holder dies."""

import errno
import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unfade.errors import WorkError

LOCK = ".unfade.lock"
"""The file that is locked. It exists during a run; one that a killed run left is not locked."""

_NO_LOCKS_ERRNOS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTSUP})
"""Errors of a file system without locks, such as some network mounts."""

_LOCKED_ERRNOS = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK})
"""Errors when another process holds the lock."""

_LOCKED_BYTE = 2**30
"""Offset, in bytes, of the locked byte on Windows: behind the text, because Windows does not let
other processes read a locked byte."""


@contextmanager
def lock_folder(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Locks a folder for this process while the block runs.

    On a file system without locks the block runs without one, after a warning.

    Args:
        folder: the folder, which exists.
        say: prints a line, for the warning.

    Raises:
        WorkError: another process holds the lock, or the folder cannot be written to.
    """
    path = folder / LOCK
    descriptor = _acquire(path, say)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, _holder().encode("utf-8"))
        yield
    finally:
        _release(path, descriptor)


def is_in_use(folder: Path) -> bool:
    """Whether a run works in a folder, as its lock file says, without locking it. A process of this
    machine that has ended works no more; of another machine nothing is known but the file."""
    try:
        text = (folder / LOCK).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    holder = re.match(r"process (\d+) on (.+) since ", text)
    if holder is None or holder[2] != socket.gethostname() or sys.platform == "win32":
        return True
    try:
        os.kill(int(holder[1]), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # It is another user's, or no number of a process.
    return True


def _acquire(path: Path, say: Callable[[str], None]) -> int:
    """The descriptor of the locked file at `path`.

    A file that its former holder removed between opening and locking is given up, and the lock is
    tried again.
    """
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise WorkError(
                f"{path.parent}: cannot be written to ({error.strerror}); give yourself write "
                "permission there"
            ) from error
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in _NO_LOCKS_ERRNOS:
                say(f"{path.parent}: its file system has no locks; let no second run work there")
                return descriptor
            os.close(descriptor)
            if error.errno not in _LOCKED_ERRNOS:
                raise WorkError(
                    f"{path}: cannot be locked ({error.strerror}); check the disk that it is on"
                ) from error
            raise WorkError(
                f"{path.parent}: is in use by {_read_holder(path)}; wait until that has ended, or "
                "end it"
            ) from error
        if _is_file_at(descriptor, path):
            return descriptor
        os.close(descriptor)


def _release(path: Path, descriptor: int) -> None:
    """Removes the file while it is locked, so that no other process can lock it before it goes."""
    with suppress(OSError):
        path.unlink()
    os.close(descriptor)
    if sys.platform == "win32":
        with suppress(OSError):
            path.unlink()


def _holder() -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return f"process {os.getpid()} on {socket.gethostname()} since {since}\n"


def _read_holder(path: Path) -> str:
    """The text in the lock file, which its holder writes a moment after it takes the lock."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or "another run"
    except OSError:
        return "another run"


def _is_file_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
