"""A partial file is removed only when the process that wrote it has ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

from unfade.work.processes import host_key
from unfade.work.writing import FOREIGN_LEFTOVER_AGE_S, clear_partials, clear_partials_of, writing


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def partial(folder: Path, host: str, process: int) -> Path:
    path = folder / f".a.{host}-{process}-0a1b2c3d.partial.exr"
    path.write_bytes(b"half")
    return path


def test_a_file_that_is_being_written_stays(tmp_path: Path) -> None:
    with writing(tmp_path / "a.exr") as temporary:
        temporary.write_bytes(b"half")
        clear_partials(tmp_path)
        assert temporary.exists()
    assert (tmp_path / "a.exr").read_bytes() == b"half"


def test_files_of_ended_processes_go(tmp_path: Path) -> None:
    left = partial(tmp_path, host_key(), ended_process())
    at_work = partial(tmp_path, host_key(), os.getppid())
    without_owner = tmp_path / ".a.0a1b2c3d.partial.exr"
    without_owner.write_bytes(b"half")
    clear_partials(tmp_path)
    assert [left.exists(), at_work.exists(), without_owner.exists()] == [False, True, False]


def test_files_of_another_machine_go_after_a_day(tmp_path: Path) -> None:
    path = partial(tmp_path, "ffffff", 1)
    clear_partials(tmp_path)
    assert path.exists()
    long_ago = time.time() - FOREIGN_LEFTOVER_AGE_S - 60
    os.utime(path, (long_ago, long_ago))
    clear_partials(tmp_path)
    assert not path.exists()


def test_those_of_one_file_go_if_their_process_has_ended(tmp_path: Path) -> None:
    left = partial(tmp_path, host_key(), ended_process())
    other = tmp_path / ".b.partial.exr"
    other.write_bytes(b"of another program")
    with writing(tmp_path / "a.exr") as temporary:
        temporary.write_bytes(b"half")
        clear_partials_of(tmp_path / "a.exr")
        assert [left.exists(), temporary.exists(), other.exists()] == [False, True, True]
