"""Locks that allow one run at a time in a folder, or several that render different frames; the
system releases them if their holder dies."""

import errno
import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from unfade.errors import WorkError
from unfade.film.time import MAX_FRAME, FrameRange
from unfade.work.processes import is_running
from unfade.work.record_files import read_if_usable, read_record

LOCK = ".unfade.lock"
"""The file that is locked. It exists during a run; one that a killed run left is not locked."""

REGISTRATION_TIMEOUT_S = 30.0
"""Seconds to wait for another process that registers its frames; one that has to remove masters of
another model first takes seconds."""

_RETRY_S = 0.05
"""Seconds between two attempts to take a lock that is held for a moment: too short to be noticed,
and long enough to cost no processor time."""

_NO_LOCKS_ERRNOS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTSUP})
"""Errors of a file system without locks, such as some network mounts."""

_LOCKED_ERRNOS = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK})
"""Errors when another process holds the lock."""

_REGISTERING = ", for a moment"
"""End of the text in the lock of a folder while a process only registers its frames."""

_UNKNOWN = "another run"
"""The holder of a lock whose file says nothing yet."""

_FRAMES = re.compile(r"-frames-(\d{1,10})-(\d{1,10})")
"""What follows `LOCK` in the name of the lock of some frames: the first and the last, each with at
most the digits of `MAX_FRAME`."""

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
"""Refuses to open a link."""

_LOCKED_BYTE = 2**30
"""Offset, in bytes, of the locked byte on Windows: behind the text, because Windows does not let
other processes read a locked byte."""


class InUseError(WorkError):
    """Another process holds a lock."""


@contextmanager
def lock_folder(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Locks a folder for this process while the block runs.

    On a file system without locks the block runs without one, after a warning.

    Args:
        folder: the folder, which exists.
        say: prints a line, for the warning.

    Raises:
        WorkError: another process holds the lock or that of some frames, or the folder cannot be
            written to.
    """
    with _lock_file(folder / LOCK, say):
        _check_frames_free(folder, None)
        yield


@contextmanager
def lock_frames(
    folder: Path,
    first: int,
    last: int,
    say: Callable[[str], None],
    prepare: Callable[[Callable[[], None]], None],
) -> Iterator[None]:
    """Locks frames for this process while the block runs; others may lock other frames.

    Args:
        folder: the folder, which exists.
        first: first frame.
        last: last frame.
        say: prints a line, as for `lock_folder`.
        prepare: is called while nobody else starts, with a function that raises the same error if
            another process holds any frames: what they need must not change.

    Raises:
        WorkError: another process holds one of the frames or the whole folder, the folder cannot be
            written to, or the frames are no range.
    """
    if not 0 <= first <= last <= MAX_FRAME:
        raise WorkError(
            f"{folder}: frames {first} to {last} are no range; name two numbers of frames, "
            "the lower one first"
        )
    wanted = FrameRange(first=first, last=last)
    with ExitStack() as stack:
        with _patient_lock(folder, say):
            _check_frames_free(folder, wanted)
            prepare(lambda: _check_frames_free(folder, None))
            stack.enter_context(_lock_file(folder / f"{LOCK}-frames-{first}-{last}", say))
        yield


@contextmanager
def _patient_lock(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """The lock of a folder, for which others are waited that hold it for a moment."""
    until_s = time.monotonic() + REGISTRATION_TIMEOUT_S
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(_lock_file(folder / LOCK, say, _REGISTERING))
                break
            except InUseError:
                holder = _read_holder(folder / LOCK)
                if time.monotonic() > until_s or not holder.endswith((_REGISTERING, _UNKNOWN)):
                    raise
                time.sleep(_RETRY_S)
        yield


@contextmanager
def _lock_file(path: Path, say: Callable[[str], None], purpose: str = "") -> Iterator[None]:
    """Locks a file, in which the process and its purpose stand."""
    descriptor = _acquire(path, say)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{_holder()}{purpose}\n".encode())
        yield
    finally:
        _release(path, descriptor)


def _check_frames_free(folder: Path, wanted: FrameRange | None) -> None:
    """Checks that no other process renders some frames; None is all frames.

    Raises:
        InUseError: one does.
    """
    for path, frames in _frame_locks(folder):
        overlaps = wanted is None or not (frames.last < wanted.first or wanted.last < frames.first)
        if overlaps and _is_held(path):
            raise InUseError(
                f"{path}: frames {frames.first} to {frames.last} are in use by "
                f"{_read_holder(path)}; wait until that has ended, end it, or remove this file if "
                "it has died"
            )


def _frame_locks(folder: Path) -> Iterator[tuple[Path, FrameRange]]:
    """The locks of frames in a folder, held or left behind, with their frames."""
    for path in folder.glob(f"{LOCK}-frames-*"):
        frames = _FRAMES.fullmatch(path.name.removeprefix(LOCK))
        if frames is not None and int(frames[1]) <= int(frames[2]) <= MAX_FRAME:
            yield path, FrameRange(first=int(frames[1]), last=int(frames[2]))


def _is_held(path: Path) -> bool:
    """Whether another process holds a lock; the file of a dead one is removed. Where there are no
    locks, what the file says decides.

    Raises:
        WorkError: the file is a link, or cannot be opened.
    """
    try:
        descriptor = _open(path)
    except FileNotFoundError:
        return False
    try:
        _lock(descriptor)
    except OSError as error:
        os.close(descriptor)
        return error.errno not in _NO_LOCKS_ERRNOS or _is_live(path)
    _release(path, descriptor)
    return False


def is_in_use(folder: Path) -> bool:
    """Whether a run works in a folder, as its lock files say, without locking it. A process of this
    machine that has ended works no more; of another machine nothing is known but the file."""
    return any(map(_is_live, [folder / LOCK, *(path for path, _ in _frame_locks(folder))]))


def _is_live(path: Path) -> bool:
    try:
        text = read_record(path)
    except OSError:
        return False
    except ValueError:
        text = _UNKNOWN
    holder = re.match(r"process (\d+) on (.+) since ", text)
    if holder is None or holder[2] != socket.gethostname():
        return True
    return is_running(int(holder[1]))


def _acquire(path: Path, say: Callable[[str], None]) -> int:
    """The descriptor of the locked file at `path`.

    A file that its former holder removed between opening and locking is given up, and the lock is
    tried again.
    """
    while True:
        descriptor = _open(path, os.O_CREAT)
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
            raise InUseError(
                f"{path.parent}: is in use by {_read_holder(path)}; wait until that has ended, or "
                "end it"
            ) from error
        if _is_file_at(descriptor, path):
            return descriptor
        os.close(descriptor)


def _open(path: Path, flags: int = 0) -> int:
    """The descriptor of a lock file, which is not opened through a link, whose target would be
    emptied and written to.

    Raises:
        FileNotFoundError: it is gone, and `flags` do not make it.
        WorkError: it is a link, or cannot be opened.
    """
    try:
        return os.open(path, os.O_RDWR | flags | _NO_FOLLOW, 0o666)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not flags:
            raise
        if path.is_symlink():
            raise WorkError(f"{path}: is a link, but has to be a file; remove it") from error
        raise WorkError(
            f"{path.parent}: cannot be written to ({error.strerror}); check write "
            "permission and free space there"
        ) from error


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
    return f"process {os.getpid()} on {socket.gethostname()} since {since}"


def _read_holder(path: Path) -> str:
    """The text in the lock file, which its holder writes a moment after it takes the lock."""
    return read_if_usable(path).strip() or _UNKNOWN


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
