"""The lock allows one run at a time in a folder, and is released however its holder ends."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from unfade.errors import WorkError
from unfade.work.lock import LOCK, is_in_use, lock_folder, lock_frames

HOLD = """
import sys
import threading
from pathlib import Path
from unfade.work.lock import lock_folder
with lock_folder(Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.readline()
"""


def no_warning(message: str) -> None:
    raise AssertionError(message)


@contextmanager
def started(program: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a lock of a folder, as soon as it does."""
    command = [sys.executable, "-c", program, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with started(HOLD, tmp_path) as process:
        yield process


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


def test_a_pipe_in_the_place_of_a_lock_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOCK)
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
    message = "cannot be written to .Permission denied.; check write permission"
    with pytest.raises(WorkError, match=message), lock_folder(tmp_path, no_warning):
        pass


HOLD_FRAMES = """
import sys
from pathlib import Path
from unfade.work.lock import lock_frames
with lock_frames(Path(sys.argv[1]), 1, 100, print, lambda check_alone: None):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def frames_holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the frames 1 to 100."""
    with started(HOLD_FRAMES, tmp_path) as process:
        yield process


def lock_part(folder: Path, first: int, last: int) -> list[str]:
    """Locks frames for a moment; returns what happened meanwhile."""
    happened: list[str] = []
    with lock_frames(
        folder, first, last, no_warning, lambda check_alone: happened.append("prepared")
    ):
        happened.append("locked")
    return happened


@pytest.mark.parametrize(("first", "last"), [(1, 100), (100, 200), (50, 60), (1, 999)])
def test_the_same_frames_are_locked_once(
    tmp_path: Path, frames_holder: subprocess.Popen[str], first: int, last: int
) -> None:
    message = rf"frames 1 to 100 are in use by process {frames_holder.pid} on .*; wait until"
    with pytest.raises(WorkError, match=message):
        lock_part(tmp_path, first, last)
    frames_holder.communicate("\n")
    assert lock_part(tmp_path, first, last) == ["prepared", "locked"]
    assert list(tmp_path.iterdir()) == []


def test_other_frames_are_locked_beside_but_not_the_folder(
    tmp_path: Path, frames_holder: subprocess.Popen[str]
) -> None:
    assert lock_part(tmp_path, 101, 200) == ["prepared", "locked"]
    message = rf"frames 1 to 100 are in use by process {frames_holder.pid}"
    with pytest.raises(WorkError, match=message), lock_folder(tmp_path, no_warning):
        pass
    assert is_in_use(tmp_path)
    frames_holder.send_signal(signal.SIGKILL)
    frames_holder.wait()
    assert not is_in_use(tmp_path)
    with lock_folder(tmp_path, no_warning):
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_no_frames_are_locked_while_a_run_holds_the_folder(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(WorkError, match=f"is in use by process {holder.pid}"):
        lock_part(tmp_path, 1, 2)


def test_a_process_that_registers_its_frames_is_waited_for(tmp_path: Path) -> None:
    with lock_frames(tmp_path, 1, 2, no_warning, lambda check_alone: None):
        until = (tmp_path / LOCK).with_name(f"{LOCK}-frames-1-2")
        assert until.exists()
        assert not (tmp_path / LOCK).exists()
    program = HOLD_FRAMES.replace(
        "lambda check_alone: None",
        "lambda check_alone: (print('held', flush=True), sys.stdin.readline())",
    )
    with started(program, tmp_path) as process:
        assert (tmp_path / LOCK).read_text().rstrip().endswith(", for a moment")
        release = threading.Timer(0.5, lambda: process.communicate("\n\n"))
        release.start()
        assert lock_part(tmp_path, 101, 102) == ["prepared", "locked"]
        release.join()


def test_what_others_need_is_not_changed_while_they_work(
    tmp_path: Path, frames_holder: subprocess.Popen[str]
) -> None:
    message = rf"frames 1 to 100 are in use by process {frames_holder.pid}"
    with (
        pytest.raises(WorkError, match=message),
        lock_frames(tmp_path, 101, 102, no_warning, lambda check_alone: check_alone()),
    ):
        pass
    frames_holder.communicate("\n")
    with lock_frames(tmp_path, 101, 102, no_warning, lambda check_alone: check_alone()):
        pass


@pytest.mark.parametrize(("process", "is_free"), [(os.getppid(), False), (2**30, True)])
def test_without_locks_the_file_of_a_dead_process_locks_no_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: int, is_free: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    left = tmp_path / f"{LOCK}-frames-1000000000-2000000000"
    left.write_text(f"process {process} on {socket.gethostname()} since 2026")
    if is_free:
        with lock_frames(tmp_path, 2**30, 2**30, print, lambda check_alone: None):
            pass
        return
    with (
        pytest.raises(WorkError, match=rf"{left}: frames 1000000000 to .* in use by process"),
        lock_frames(tmp_path, 2**30, 2**30, print, lambda check_alone: None),
    ):
        pass


def test_a_lock_of_frames_that_goes_meanwhile_is_not_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / f"{LOCK}-frames-1-2"
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: iter([gone]))
    with lock_folder(tmp_path, no_warning):
        assert not gone.exists()


def test_a_lock_of_frames_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("precious")
    (tmp_path / f"{LOCK}-frames-1-2").symlink_to(tmp_path / "outside")
    with pytest.raises(WorkError, match="is a link, but has to be a file; remove it"):
        lock_part(tmp_path, 1, 2)
    assert (tmp_path / "outside").read_text() == "precious"


@pytest.mark.parametrize(("first", "last"), [(9, 4), (-1, 4), (0, 2**31)])
def test_frames_that_are_no_range_are_refused(tmp_path: Path, first: int, last: int) -> None:
    with pytest.raises(WorkError, match=f"frames {first} to {last} are no range; name two numbers"):
        lock_part(tmp_path, first, last)
    assert list(tmp_path.iterdir()) == []
