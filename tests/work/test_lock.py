"""One run a folder at a time, whatever becomes of the one that holds it."""

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
from unfade.work.lock import LOCK, lock_folder

HOLD = """
import sys
from pathlib import Path
from unfade.work.lock import lock_folder
with lock_folder(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.readline()
"""


def unsaid(message: str) -> None:
    raise AssertionError(message)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_told_who_holds_it(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    told = rf"{tmp_path}: is in use by process {holder.pid} on \S+ since \d{{4}}-.*; wait until"
    with pytest.raises(WorkError, match=told), lock_folder(tmp_path, unsaid):
        pass
    assert (tmp_path / LOCK).exists()
    holder.communicate("\n")
    assert list(tmp_path.iterdir()) == []
    with lock_folder(tmp_path, unsaid):
        assert f"process {os.getpid()} on" in (tmp_path / LOCK).read_text()


def test_a_kill_leaves_no_lock(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    assert holder.wait() == -signal.SIGKILL
    assert f"process {holder.pid} " in (tmp_path / LOCK).read_text()
    with lock_folder(tmp_path, unsaid):
        assert f"process {os.getpid()} on" in (tmp_path / LOCK).read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_failure_gives_the_lock_up(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lock_folder(tmp_path, unsaid):
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_went_between_open_and_lock_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder removes the file after a second process has opened it."""
    lock, goes = fcntl.flock, iter([True, False])

    def late(number: int, operation: int) -> None:
        if next(goes):
            (tmp_path / LOCK).unlink()
        lock(number, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with lock_folder(tmp_path, unsaid):
        told = "is in use by process"
        monkeypatch.setattr(fcntl, "flock", lock)
        with pytest.raises(WorkError, match=told), lock_folder(tmp_path, unsaid):
            pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_it_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    told: list[str] = []
    with lock_folder(tmp_path, told.append):
        pass
    assert told == [f"{tmp_path}: its file system has no locks; let no second run work there"]


def test_a_disk_that_fails_is_not_taken_for_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", fail)
    told = r"\.unfade\.lock: cannot be locked .Input/output error."
    with pytest.raises(WorkError, match=told), lock_folder(tmp_path, unsaid):
        pass


def test_a_folder_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    told = "cannot be written to .Permission denied.; give yourself write permission"
    with pytest.raises(WorkError, match=told), lock_folder(tmp_path, unsaid):
        pass
