"""Runs: one at a time, stopped, found again, and what a killed child and a full disk look like."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import unfade
from unfade.errors import ProjectError, WorkError
from unfade.studio import runs as runs_module
from unfade.studio.run_record import (
    RunRecord,
    is_running,
    process_start,
    read_log,
    read_records,
    records_signature,
)
from unfade.studio.runs import Runs
from unfade.studio.studio import Studio
from unfade.work import writing

from .client import PATIENCE_S, film_id, open_client, wait_until

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('here', flush=True); "
    "time.sleep(60)"
)
SLEEP = "import time; print('here', flush=True); time.sleep(60)"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """Runs whose command line is a line of Python.

    They inherit whether Ctrl-C is ignored, as it is in the background of a shell; a server's own
    handler is not inherited.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -c "$3"\n')
    script.chmod(0o755)
    monkeypatch.setattr(runs_module.sys, "executable", str(script))
    made = Runs(tmp_path / "runs")
    yield made
    for record in Runs(tmp_path / "runs").all:
        if record.pid is not None and is_running(record):
            os.killpg(record.pid, signal.SIGKILL)
    for child in made._children.values():
        child.wait()
    signal.signal(signal.SIGINT, before)


def state_of(runs: Runs, record: RunRecord) -> str:
    runs.look()
    return next(one.state for one in runs.all if one.id == record.id)


def wait_for(runs: Runs, record: RunRecord, state: str) -> None:
    wait_until(lambda: state_of(runs, record) == state)


def wait_for_log(runs: Runs, record: RunRecord) -> None:
    wait_until(lambda: read_log(runs.log(record))[1] == ["here"])


def test_runs_work_one_at_a_time_in_the_order_of_asking(runs: Runs, tmp_path: Path) -> None:
    order = tmp_path / "order"
    wait = f"import time; open({str(order)!r}, 'a').write('%s'); time.sleep(0.2)"
    records = [runs.add(letter, tmp_path, [wait % letter]) for letter in "abc"]
    assert runs.running is None
    runs.look()
    working = [one for one in runs.all if one.state == "running"]
    assert [one.what for one in working] == ["a"]
    wait_for(runs, records[-1], "finished")
    assert order.read_text() == "abc"
    assert [one.what for one in runs.all] == ["c", "b", "a"]


def test_a_run_that_fails_is_failed_and_its_log_says_why(runs: Runs, tmp_path: Path) -> None:
    record = runs.add("bad", tmp_path, ["print('the disk burns'); raise SystemExit(2)"])
    wait_for(runs, record, "failed")
    assert read_log(runs.log(record))[1] == ["the disk burns"]


def test_a_run_that_fails_does_not_stop_the_next_one(runs: Runs, tmp_path: Path) -> None:
    bad = runs.add("bad", tmp_path, ["raise SystemExit('unfade: the scan is gone')"])
    good = runs.add("good", tmp_path, ["pass"])
    assert runs.queue == [bad, good]
    wait_for(runs, good, "finished")
    assert [(one.what, one.state, one.reason) for one in runs.ended] == [
        ("good", "finished", ""),
        ("bad", "failed", "the scan is gone"),
    ]
    assert not runs.queue


def test_stop_ends_a_run_as_ctrl_c_does(runs: Runs, tmp_path: Path) -> None:
    record = runs.add("long", tmp_path, [SLEEP])
    wait_for(runs, record, "running")
    wait_for_log(runs, record)
    runs.stop(record.id)
    wait_for(runs, record, "stopped")
    assert "KeyboardInterrupt" in runs.log(record).read_text()
    with pytest.raises(ProjectError, match="ended already"):
        runs.stop(record.id)


def test_a_run_that_does_not_stop_is_killed(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "STOP_PATIENCE_S", 0.3)
    record = runs.add("stubborn", tmp_path, [STUBBORN])
    wait_for(runs, record, "running")
    wait_for_log(runs, record)
    runs.stop(record.id)
    wait_for(runs, record, "stopped")


def test_a_run_that_came_to_its_end_after_stop_is_finished(runs: Runs, tmp_path: Path) -> None:
    ends = "import signal, sys, time; signal.signal(signal.SIGINT, lambda *_: sys.exit(0)); "
    record = runs.add("quick", tmp_path, [ends + "print('here', flush=True); time.sleep(60)"])
    wait_for(runs, record, "running")
    wait_for_log(runs, record)
    runs.stop(record.id)
    wait_for(runs, record, "finished")


def test_a_stop_that_the_system_refused_can_be_asked_for_again(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    record = runs.add("long", tmp_path, [SLEEP])
    wait_for(runs, record, "running")
    wait_for_log(runs, record)
    with monkeypatch.context() as patch:
        patch.setattr(runs_module.os, "killpg", refuse)
        with pytest.raises(WorkError, match="cannot be stopped"):
            runs.stop(record.id)
        runs.stop_all()  # It does not wait for what it could not signal.
    runs.stop(record.id)
    wait_for(runs, record, "stopped")


def test_all_runs_are_stopped_on_a_full_disk(
    runs: Runs, tmp_path: Path, fill_disk: Callable[[], None]
) -> None:
    working = runs.add("long", tmp_path, [SLEEP])
    waiting = runs.add("next", tmp_path, ["print('next')"])
    wait_for(runs, working, "running")
    wait_for_log(runs, working)
    fill_disk()
    runs.stop_all()
    assert {one.id: one.state for one in runs.all} == {working.id: "stopped", waiting.id: "stopped"}


def test_a_line_of_a_log_that_is_nested_too_deep_is_a_message(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("[" * 50_000 + "\n")
    assert len(read_log(log)[1]) == 1


def test_a_film_in_a_folder_whose_name_is_no_utf8_gets_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"reel\xff")
    folder.mkdir()
    (folder / "film.toml").write_text('[film]\ntitle = "A"\n[source]\npath = "a.%04d.exr"\n')
    client = open_client(tmp_path)
    answer = client.post(f"/film/{film_id(client)}/runs", json={"verb": "run"})
    assert answer.status_code == 409
    assert "no UTF-8" in answer.json()["error"]


def test_a_run_that_waits_is_taken_off_the_queue(runs: Runs, tmp_path: Path) -> None:
    first = runs.add("first", tmp_path, [SLEEP])
    second = runs.add("second", tmp_path, ["print(2)"])
    wait_for(runs, first, "running")
    with pytest.raises(ProjectError, match="waits already"):
        runs.add("second", tmp_path, ["print(2)"])
    runs.stop(second.id)
    assert state_of(runs, second) == "stopped"
    assert state_of(runs, first) == "running"


def test_the_queue_is_bounded(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "MAX_WAITING", 2)
    for number in range(2):
        runs.add(str(number), tmp_path, [f"print({number})"])
    with pytest.raises(ProjectError, match="2 runs wait already"):
        runs.add("more", tmp_path, ["print(9)"])


def test_a_killed_child_is_lost(runs: Runs, tmp_path: Path) -> None:
    record = runs.add("killed", tmp_path, [SLEEP])
    wait_for(runs, record, "running")
    working = runs.running
    assert working is not None
    assert working.pid is not None
    os.kill(working.pid, signal.SIGKILL)
    wait_for(runs, record, "lost")
    assert runs.ended[0].reason == runs_module.LOST


def test_a_run_is_found_again_after_the_studio_was_killed(runs: Runs, tmp_path: Path) -> None:
    record = runs.add("long", tmp_path, [SLEEP])
    waiting = runs.add("next", tmp_path, ["print('next')"])
    wait_for(runs, record, "running")
    wait_for_log(runs, record)
    later = Runs(tmp_path / "runs")
    assert state_of(later, record) == "running"
    assert state_of(later, waiting) == "waiting"
    later.stop(record.id)
    reap(runs, record)
    wait_for(later, record, "stopped")
    wait_for(later, waiting, "finished")


def reap(runs: Runs, record: RunRecord) -> None:
    """Waits for a child in the place of the killed studio, whose children init would inherit."""
    runs._children[record.id].wait(PATIENCE_S)


def test_a_process_of_the_same_number_is_not_taken_for_the_run(runs: Runs, tmp_path: Path) -> None:
    """The number of a process that has ended goes to another one, which must not be signalled."""
    with subprocess.Popen(["sleep", "60"]) as other:
        wait_until(lambda: process_start(other.pid))
        record = runs.add("old", tmp_path, ["pass"])
        facts = {"state": "running", "pid": other.pid, "started": "1"}
        runs._keep(record.model_copy(update=facts))
        later = Runs(tmp_path / "runs")
        later.stop(record.id)
        time.sleep(0.1)
        assert other.poll() is None
        other.kill()
        assert state_of(later, record) == "stopped"


def test_damaged_records_are_left_out(runs: Runs, tmp_path: Path) -> None:
    record = runs.add("good", tmp_path, ["pass"])
    (tmp_path / "runs/00001.json").write_text("{")
    (tmp_path / "runs/00002.json").write_bytes(b"\xff\xfe")
    assert [one.id for one in Runs(tmp_path / "runs").all] == [record.id]


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def fill() -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(writing.os, "replace", refuse)

    return fill


def test_a_full_disk_keeps_a_run_off_the_queue(
    runs: Runs, tmp_path: Path, fill_disk: Callable[[], None]
) -> None:
    fill_disk()
    with pytest.raises(WorkError, match="No space left on device"):
        runs.add("any", tmp_path, ["pass"])
    assert runs.all == []


def test_a_run_starts_once_on_a_full_disk(
    runs: Runs, tmp_path: Path, fill_disk: Callable[[], None]
) -> None:
    started = tmp_path / "started"
    record = runs.add("once", tmp_path, [f"open({str(started)!r}, 'a').write('x')"])
    fill_disk()
    for _ in ("at the start", "at the end"):
        with pytest.raises(WorkError, match="No space left on device"):
            wait_until(runs.look)
    assert state_of(runs, record) == "finished"
    assert started.read_text() == "x"


def test_a_full_disk_is_a_sentence_on_the_page(
    tmp_path: Path, fill_disk: Callable[[], None]
) -> None:
    (tmp_path / "film.toml").write_text('[film]\ntitle = "A"\n[source]\npath = "a.%04d.exr"\n')
    client = open_client(tmp_path)
    film = film_id(client)
    fill_disk()
    answer = client.post(f"/film/{film}/runs", json={"verb": "run"})
    assert answer.status_code == 409
    assert "No space left on device" in answer.json()["error"]
    assert client.get("/").status_code == 200


def test_a_log_that_cannot_be_written_ends_the_run_and_not_the_watch(
    runs: Runs, tmp_path: Path
) -> None:
    record = runs.add("any", tmp_path, ["pass"])
    runs.log(record).mkdir()
    with pytest.raises(WorkError, match="any: cannot start"):
        runs.look()
    assert state_of(runs, record) == "failed"


def test_the_commands_of_the_page_become_command_lines(tmp_path: Path) -> None:
    (tmp_path / "film.toml").write_text('[film]\ntitle = "A"\n[source]\npath = "a.%04d.exr"\n')
    client = open_client(tmp_path)
    film = film_id(client)
    for command in (
        {"verb": "delete"},
        {"verb": "run", "first": "--help"},
        {"verb": "run", "last": "none"},
    ):
        assert client.post(f"/film/{film}/runs", json=command).status_code == 409
    client.post(f"/film/{film}/runs", json={"verb": "run", "first": "train"})
    (record,) = Studio(tmp_path, read_only=False).runs.all
    file = str(tmp_path / "film.toml")
    assert record.arguments == ("run", file, "--from", "train", "--events")
    assert client.post(f"/runs/{record.id}/stop").status_code == 200
    assert client.post("/runs/none/stop").status_code == 409


def ended_under_another_studio(first: Runs, arguments: list[str], kill: bool = False) -> RunRecord:
    """A run that ends while a later studio is open; its record there."""
    record = first.add("short", first._folder, arguments)
    first.look()
    if kill:
        wait_for_log(first, record)
        first._children[record.id].kill()
    later = Runs(first._folder)
    reap(first, record)
    later.look()
    return later.ended[0]


@pytest.mark.parametrize(
    ("arguments", "state", "reason"),
    [(["--version"], "finished", ""), (["status", "none"], "failed", "none: ")],
)
def test_a_run_that_ended_under_another_studio_says_how(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    state: str,
    reason: str,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(unfade.__file__).parents[1]))
    ended = ended_under_another_studio(Runs(tmp_path / "runs"), arguments)
    assert ended.state == state
    assert ended.reason.startswith(reason)


def test_a_run_that_was_stopped_under_another_studio_is_stopped(runs: Runs) -> None:
    assert ended_under_another_studio(runs, ["print('{\"ended\": 130}')"]).state == "stopped"


def test_a_run_that_was_killed_under_another_studio_is_lost(runs: Runs) -> None:
    ended = ended_under_another_studio(runs, [SLEEP], kill=True)
    assert (ended.state, ended.reason) == ("lost", runs_module.LOST)


def test_a_record_that_is_being_written_is_not_read_twice(tmp_path: Path) -> None:
    record = RunRecord(
        id="01796060485892260129", what="run", folder="reel", arguments=("run",), asked_s=1.0
    )
    for name in (f"{record.id}.json", f".{record.id}.0f3a.partial.json"):
        (tmp_path / name).write_text(record.model_dump_json())
    assert [*read_records(tmp_path)] == [record]
    assert len(records_signature(tmp_path)) == 1
