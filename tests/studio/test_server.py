"""A real server: it starts fast, ends fast, and leaves runs alone; its events resume."""

import errno
import http.client
import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from starlette.types import Receive, Scope, Send

from unfade.errors import WorkError
from unfade.studio import events as events_module
from unfade.studio.events import PROGRESS, Broadcast
from unfade.studio.run_record import RunRecord, exit_status, is_running, read_records
from unfade.studio.studio import RUNS_FOLDER, Studio
from unfade.studio.turns import EVENTS_PATH, MAX_PAGES_AT_ONCE, MAX_PICTURES_AT_ONCE, Turns

from .client import PATIENCE_S, ServerProcess, running_server, wait_until

MAX_START_S = 15.0
"""Ten times what is allowed on a machine with nothing else to do."""

MAX_END_S = 5.0
"""Five times what is allowed on a machine with nothing else to do."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "film.toml").write_text('[film]\ntitle = "A"\n[source]\npath = "a.%04d.exr"\n')
    return tmp_path


def events_of(stream: http.client.HTTPResponse, count: int) -> list[tuple[str, dict[str, object]]]:
    """The next events of a stream: id and data."""
    found: list[tuple[str, dict[str, object]]] = []
    number, end = "", time.monotonic() + PATIENCE_S
    while len(found) < count:
        assert time.monotonic() < end, "no event came"
        line = stream.readline().decode()
        assert line, "the stream ended"
        if line.startswith("id: "):
            number = line[4:].strip()
        if line.startswith("data: "):
            found.append((number, json.loads(line[6:])))
    return found


def touch(root: Path) -> None:
    with (root / "film.toml").open("a") as file:
        file.write("# changed\n")


def test_the_first_page_comes_soon_and_ctrl_c_ends_an_open_stream(root: Path) -> None:
    start = time.monotonic()
    with running_server(root) as server:
        assert server.ask("/")[0] == 200
        assert time.monotonic() - start < MAX_START_S
        stream = server.open_stream()
        assert stream.readline() == b": open\n"
        assert server.interrupt() < MAX_END_S
        assert server.process.returncode == 0
        assert stream.read() == b"\n"


def test_events_resume_after_the_last_one(root: Path) -> None:
    with running_server(root) as server:
        stream = server.open_stream()
        assert stream.readline() == b": open\n"
        touch(root)
        ((number, event),) = events_of(stream, 1)
        assert event["kind"] == "film"
        touch(root)
        time.sleep(1)
        resumed = server.open_stream(number)
        ((later, event),) = events_of(resumed, 1)
        assert int(later) == int(number) + 1
        assert event["kind"] == "film"
        unknown = server.open_stream("9" * 12)
        assert events_of(unknown, 1)[0][1] == {"kind": "reset"}
        for odd in ("9" * 6000, "-1", "x"):
            assert server.open_stream(odd).readline() == b": open\n"


def test_two_windows_see_a_change_within_a_second(root: Path) -> None:
    with running_server(root) as server:
        streams = [server.open_stream() for _ in range(2)]
        for stream in streams:
            assert stream.readline() == b": open\n"
        start = time.monotonic()
        touch(root)
        for stream in streams:
            assert events_of(stream, 1)[0][1]["kind"] == "film"
        assert time.monotonic() - start < MAX_END_S


def test_200_requests_at_once_are_answered(root: Path) -> None:
    """All of them, while streams are open; a few at a time, so that memory grows little."""
    with running_server(root) as server:
        streams = [server.open_stream() for _ in range(20)]
        before = peak_memory_mb(server)
        with ThreadPoolExecutor(200) as threads:
            answers = list(threads.map(lambda _: server.ask("/"), range(200)))
        assert {status for status, _ in answers} == {200}
        assert all(text.endswith("</html>") for _, text in answers)
        assert peak_memory_mb(server) - before < 50
        assert all(stream.readline() == b": open\n" for stream in streams)


def peak_memory_mb(server: ServerProcess) -> float:
    """The most memory that the server has held so far."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("this system does not say how much memory a process holds")
    (line,) = [one for one in status.read_text().splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize(
    "picture",
    [
        "/film/0/picture/1/source",
        "/film/0/proxies/lut",
        "/film/0/pairs/picture",
        "/film/0/pairs/frame",
        "/film/0/pairs/judgement",
        "/film/0/pairs/weights",
        "/film/0/training/files/sheet.png",
        "/film/0/report/files/sheet.png",
    ],
)
def test_a_few_requests_are_answered_at_a_time_and_no_page_waits_for_pictures(picture: str) -> None:
    answering: list[str] = []

    async def ask_all() -> None:
        may_end = anyio.Event()

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            answering.append(scope["path"])
            await may_end.wait()

        turns = Turns(answer)
        async with anyio.create_task_group() as tasks:
            for path in [picture] * 50 + ["/film/0/pairs"] * 50 + [EVENTS_PATH] * 50:
                scope = {"type": "http", "path": path}
                tasks.start_soon(turns, scope, anyio.sleep_forever, anyio.sleep)
            await anyio.wait_all_tasks_blocked()
            assert answering.count(picture) == MAX_PICTURES_AT_ONCE
            assert answering.count("/film/0/pairs") == MAX_PAGES_AT_ONCE
            assert answering.count(EVENTS_PATH) == 50
            may_end.set()

    anyio.run(ask_all)
    assert len(answering) == 150


def only_record(root: Path) -> RunRecord:
    (record,) = read_records(root / RUNS_FOLDER)
    return record


def start_run(server: ServerProcess, root: Path) -> RunRecord:
    film = server.ask("/")[1].split('href="/film/')[1].split("/")[0]
    assert server.ask(f"/film/{film}/runs", '{"verb": "run"}')[0] == 200
    wait_until(lambda: only_record(root).state == "running")
    return only_record(root)


def test_a_run_outlives_the_studio_and_is_found_again(
    tmp_path: Path, write_small_film: Callable[[Path], None]
) -> None:
    write_small_film(tmp_path)
    with running_server(tmp_path) as server:
        record = start_run(server, tmp_path)
        server.interrupt()
        assert is_running(record)
    with running_server(tmp_path) as server:
        assert 'class="state running"' in server.ask("/")[1]
        assert server.ask(f"/runs/{record.id}/stop", "{}")[0] == 200
        wait_until(lambda: only_record(tmp_path).state == "stopped")
    assert not is_running(record)


def test_a_run_outlives_a_killed_studio(
    tmp_path: Path, write_small_film: Callable[[Path], None]
) -> None:
    write_small_film(tmp_path)
    with running_server(tmp_path) as server:
        record = start_run(server, tmp_path)
        server.process.kill()
        server.process.wait()
    with running_server(tmp_path) as server:
        assert 'class="state running"' in server.ask("/")[1]
        assert record.pid is not None
        os.kill(record.pid, signal.SIGKILL)
        wait_until(lambda: only_record(tmp_path).state == "lost")


def test_runs_are_stopped_with_the_studio_if_asked(
    tmp_path: Path, write_small_film: Callable[[Path], None]
) -> None:
    write_small_film(tmp_path)
    with running_server(tmp_path, "--stop-runs") as server:
        record = start_run(server, tmp_path)
        log = tmp_path / RUNS_FOLDER / f"{record.id}.log"
        wait_until(log.read_bytes)
        server.interrupt()
        assert server.process.returncode == 0
        assert not is_running(record)
    assert only_record(tmp_path).state == "stopped"
    assert exit_status(log) == 130


def test_a_second_studio_does_not_open_the_folder(root: Path) -> None:
    with (
        running_server(root),
        pytest.raises(AssertionError, match="is in use by process"),
        running_server(root),
    ):
        pass


def test_a_page_that_was_away_too_long_loads_itself_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "KEPT_EVENTS", 3)

    async def after(last_id: str) -> list[str]:
        broadcast = Broadcast()
        for film in "abcdba":
            await broadcast.send("film", film=film)
        await broadcast.close()
        return [text async for text in broadcast.stream(last_id)]

    assert '"reset"' in anyio.run(after, "2")[0]
    assert [text.split("\n")[0] for text in anyio.run(after, "4")] == [": open", "id: 5", "id: 6"]
    assert anyio.run(after, "6") == [": open\n\n"]


def test_of_equal_events_that_a_page_missed_it_gets_the_last() -> None:
    async def missed() -> list[str]:
        broadcast = Broadcast()
        for number in range(3):
            await broadcast.send("film", film="a")
            await broadcast.send("film", film="b")
            await broadcast.send(PROGRESS, progress={"done": number})
        await broadcast.close()
        return [text async for text in broadcast.stream("0")][2:]

    texts = anyio.run(missed)
    assert [text.split("\n")[0] for text in texts] == ["id: 7", "id: 8", "id: 9"]
    assert '"done": 2' in texts[-1]


def test_a_page_is_told_the_newest_progress() -> None:
    async def told(last_id: str | None) -> list[str]:
        broadcast = Broadcast()
        for done in (1, 2):
            await broadcast.send(PROGRESS, progress={"done": done})
            await broadcast.send("film", film="a")
        await broadcast.close()
        return [text async for text in broadcast.stream(last_id)]

    opened, progress = anyio.run(told, None)
    assert opened == ": open\n\n"
    assert json.loads(progress.removeprefix("data: "))["progress"] == {"done": 2}
    assert anyio.run(told, "4") == [opened, progress]


@pytest.mark.parametrize(
    "failure", [WorkError("the disk is full"), OSError(errno.ESTALE, "the disk is full")]
)
def test_a_failure_of_the_watch_reaches_the_pages_once(
    root: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """The watch goes on afterwards."""

    async def watched() -> list[str]:
        studio = Studio(root, read_only=False)
        left = [failure] * 2

        def look() -> bool:
            if left:
                raise left.pop()
            return True

        monkeypatch.setattr(studio.runs, "look", look)
        found: list[str] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(studio.watch)
            with anyio.fail_after(20):
                async for text in studio.events.stream(None):
                    found.append(text)
                    if len(found) == 4:
                        break
            tasks.cancel_scope.cancel()
        return found

    found = anyio.run(watched)
    assert "the disk is full" in found[1]
    assert '"runs"' in found[3]
