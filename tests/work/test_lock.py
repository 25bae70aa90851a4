"""The lock allows one run at a time in a folder, and is released however its holder ends."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from unfade.errors import WorkError
from unfade.work.lock import LOCK, is_in_use, lock_folder

HOLD = """
import sys
from pathlib import Path
from unfade.work.lock import lock_folder
with lock_folder(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.readline()
"""


def no_warning(message: str) -> None:
    raise AssertionError(message)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_error_names_the_process_that_holds_the_lock(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    message = rf"{tmp_path}: is in use by process {holder.pid} on \S+ since \d{{4}}-.*; wait until"
    with pytest.raises(WorkError, match=message), lock_folder(tmp_path, no_warning):
        pass
    assert (tmp_path / LOCK).exists()
    assert is_in_use(tmp_path)
    holder.communicate("\n")
    assert list(tmp_path.iterdir()) == []
    with lock_folder(tmp_path, no_warning):
        assert f"process {os.getpid()} on" in (tmp_path / LOCK).read_text()


def test_a_kill_leaves_no_lock(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    assert holder.wait() == -signal.SIGKILL
    assert f"process {holder.pid} " in (tmp_path / LOCK).read_text()
    assert not is_in_use(tmp_path)
    with lock_folder(tmp_path, no_warning):
        assert f"process {os.getpid()} on" in (tmp_path / LOCK).read_text()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "process 1", "process 999999999999 on elsewhere since 2026"])
def test_a_lock_of_which_nothing_is_known_counts_as_held(tmp_path: Path, text: str) -> None:
    assert not is_in_use(tmp_path)
    (tmp_path / LOCK).write_text(text)
    assert is_in_use(tmp_path)


def test_an_exception_releases_the_lock(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lock_folder(tmp_path, no_warning):
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_file_removed_between_opening_and_locking_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder removes the file after a second process has opened it."""
    lock, goes = fcntl.flock, iter([True, False])

    def late(number: int, operation: int) -> None:
        if next(goes):
            (tmp_path / LOCK).unlink()
        lock(number, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with lock_folder(tmp_path, no_warning):
        message = "is in use by process"
        monkeypatch.setattr(fcntl, "flock", lock)
        with pytest.raises(WorkError, match=message), lock_folder(tmp_path, no_warning):
            pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_the_block_runs_after_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    warnings: list[str] = []
    with lock_folder(tmp_path, warnings.append):
        pass
    assert warnings == [f"{tmp_path}: its file system has no locks; let no second run work there"]


def test_a_disk_error_is_not_reported_as_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", fail)
    message = r"\.unfade\.lock: cannot be locked .Input/output error."
    with pytest.raises(WorkError, match=message), lock_folder(tmp_path, no_warning):
        pass


def test_a_folder_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    message = "cannot be written to .Permission denied.; give yourself write permission"
    with pytest.raises(WorkError, match=message), lock_folder(tmp_path, no_warning):
        pass
