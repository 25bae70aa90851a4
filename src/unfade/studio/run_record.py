"""The record of a run that the studio started: a file beside its log."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from unfade.film.noun import Noun
from unfade.work.record_files import read_record

RunState = Literal["waiting", "running", "finished", "failed", "stopped", "lost"]
"""What became of a run; "lost" if it was killed, so that it left no exit status."""

LOG_TAIL_BYTES = 64_000
"""Bytes from the end of a log in which the last event and the last messages are looked for."""

MAX_MESSAGES = 200
"""Lines of a log that a page shows."""


class RunRecord(Noun):
    """A run: what it is for in words, its film's folder, its command line, and its process.

    `started` is the start of the process by the system's clock, which tells it from a later process
    of the same number; none where the system does not say it. Times are seconds since 1970.
    `reason` says why it failed or was lost.
    """

    id: str
    what: str
    folder: str
    arguments: tuple[str, ...]
    state: RunState = "waiting"
    pid: int | None = None
    started: str | None = None
    asked_s: float
    ended_s: float | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running")


RECORD_NAMES = "[0-9]*.json"
"""Names of the files of records; those that are being written start with a dot."""


def read_records(folder: Path) -> Iterator[RunRecord]:
    """The records in a folder, in the order in which the runs were asked for; damaged ones are left
    out."""
    for path in sorted(folder.glob(RECORD_NAMES)):
        with suppress(OSError, ValueError, ValidationError):
            yield RunRecord.model_validate_json(read_record(path))


def records_signature(folder: Path) -> frozenset[tuple[str, int, int, int]]:
    """What changes whenever a record in a folder is written or removed."""
    found = set()
    for path in folder.glob(RECORD_NAMES):
        with suppress(OSError):
            stat = path.stat()
            found.add((path.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return frozenset(found)


def process_start(pid: int) -> str | None:
    """The start of a process in the system's own count; None if it does not run, or the system does
    not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *rest = fields.rpartition(")")[2].split()
    return None if state in "ZX" else rest[18]


def is_running(record: RunRecord) -> bool:
    """Whether the process of a run is alive."""
    if record.pid is None:
        return False
    if record.started is not None:
        return process_start(record.pid) == record.started
    try:
        os.kill(record.pid, 0)
    except OSError:
        return False
    return True


def read_log(path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest progress in a run's log, and its last messages; what is no event is a message."""
    progress, messages = None, []
    for event in _events(path):
        if isinstance(event, str):
            messages.append(event)
        elif "stage" in event:
            progress = event
        elif isinstance(event.get("say"), str):
            messages.append(event["say"])
    return progress, messages[-MAX_MESSAGES:]


def exit_status(path: Path) -> int | None:
    """The exit status in a run's log; None if the run was killed before it came to its end."""
    found = [one["ended"] for one in _events(path) if isinstance(one, dict) and "ended" in one]
    return found[-1] if found and isinstance(found[-1], int) else None


def _events(path: Path) -> Iterator[dict[str, Any] | str]:
    """The last events in a log, and the lines that are none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_TAIL_BYTES))
            lines = file.read(LOG_TAIL_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in filter(str.strip, lines):
        event: Any = None
        with suppress(ValueError, RecursionError):
            event = json.loads(line)
        yield event if isinstance(event, dict) else line
