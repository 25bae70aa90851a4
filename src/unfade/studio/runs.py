"""The runs of the studio: processes of the same program, one at a time, that outlive it.

A run has a record and a log in a folder of its own; the next studio finds it by them.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock

from unfade.errors import ProjectError, UnfadeError, WorkError
from unfade.project.paths import PROJECT_FILE
from unfade.studio.run_record import (
    RunRecord,
    RunState,
    exit_status,
    is_running,
    process_start,
    read_log,
    read_records,
    records_signature,
)
from unfade.work.writing import make_folder, write_text

MAX_WAITING = 500
"""Runs that may wait, because the studio shows no more films; more is a mistake or an attack."""

KEPT_RUNS = 200
"""Ended runs whose records and logs are kept."""

STOP_PATIENCE_S = 20.0
"""Seconds from the request to stop until the run is killed; it stops within 5 s by itself."""

MAX_REASON_LENGTH = 1_000
"""Characters of the reason of a failure: a sentence with a path has fewer."""

LOST = "it was killed, or the machine was switched off"
"""Why a run is lost."""

INTERRUPTED = 128 + signal.SIGINT
"""Exit status of a run that was stopped, perhaps by a studio that has ended since."""


class Runs:
    """The queue of runs in a folder, which is made with the first run. Several threads may use it
    at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stop_times_s: dict[str, float] = {}
        self._lock = RLock()
        self._records: dict[str, RunRecord] = {}
        self._signature: object = None
        self.read()

    def read(self) -> bool:
        """Reads the records again, if another studio has changed any. Returns whether it has."""
        signature = records_signature(self._folder)
        if signature == self._signature:
            return False
        self._signature = signature
        self._records = {record.id: record for record in read_records(self._folder)}
        return True

    @property
    def all(self) -> list[RunRecord]:
        """All runs, the newest first."""
        return sorted([*self._records.values()], key=lambda one: one.id, reverse=True)

    def of(self, folder: Path) -> list[RunRecord]:
        """The runs of the film in a folder, the newest first."""
        return [record for record in self.all if record.folder == str(folder)]

    @property
    def queue(self) -> list[RunRecord]:
        """The runs that are open, in the order in which they work: the one that works is first."""
        opened = [one for one in [*self._records.values()] if one.is_open]
        return sorted(opened, key=lambda one: (one.state == "waiting", one.id))

    @property
    def ended(self) -> list[RunRecord]:
        """The runs that are not open, the newest first."""
        return [record for record in self.all if not record.is_open]

    @property
    def running(self) -> RunRecord | None:
        """The run that works now."""
        return next((one for one in self.queue if one.state == "running"), None)

    def log(self, record: RunRecord) -> Path:
        """The log of a run."""
        return self._folder / f"{record.id}.log"

    def waits(self, folder: Path, arguments: Sequence[str]) -> bool:
        """Whether a run of a film's folder with this command line waits."""
        wanted = str(folder), tuple(arguments), "waiting"
        return any((one.folder, one.arguments, one.state) == wanted for one in self.queue)

    def add(self, what: str, folder: Path, arguments: Sequence[str]) -> RunRecord:
        """Puts a run at the end of the queue.

        Raises:
            ProjectError: the same run waits already, or too many do.
            WorkError: the record cannot be written.
        """
        with self._lock:
            if self.waits(folder, arguments):
                raise ProjectError(f"{what}: waits already; let the run before it end")
            if len(self.queue) >= MAX_WAITING:
                raise ProjectError(f"{MAX_WAITING} runs wait already; stop one first")
            make_folder(self._folder)
            record = RunRecord(
                id=f"{time.time_ns():020d}",
                what=what,
                folder=str(folder),
                arguments=tuple(arguments),
                asked_s=time.time(),
            )
            self._write(record)
            self._records[record.id] = record
            self._forget_old()
            return record

    def add_film(self, what: str, folder: Path, arguments: Sequence[str]) -> RunRecord:
        """Puts a run that makes a film at the end of the queue.

        Raises:
            ProjectError: a run of its folder is open, or the folder holds a film already.
            WorkError: the record cannot be written.
        """
        with self._lock:
            if any(one.folder == str(folder) for one in self.queue):
                raise ProjectError(f"{folder}: is being made; wait until its run has ended")
            if (folder / PROJECT_FILE).exists():
                raise ProjectError(f"{folder}: holds a film already; choose another folder")
            return self.add(what, folder, arguments)

    def stop(self, id: str) -> None:
        """Ends a run, as Ctrl-C does, or takes it out of the queue.

        Raises:
            ProjectError: there is no such run, or it has ended.
            WorkError: the system refuses it, or the record cannot be written.
        """
        with self._lock:
            record = self._records.get(id)
            if record is None or not record.is_open:
                raise ProjectError("this run has ended already; load the page again")
            if record.state == "waiting":
                self._end(record, "stopped")
            elif id not in self._stop_times_s:
                _signal(record, signal.SIGINT)
                self._stop_times_s[id] = time.monotonic()

    def stop_all(self) -> None:
        """Ends every run that is open, and waits until those that could be signalled have ended;
        also if nothing of it can be put on record."""
        for record in self.queue[::-1]:
            with suppress(UnfadeError):
                self.stop(record.id)
        while (working := self.running) is not None and working.id in self._stop_times_s:
            with suppress(UnfadeError):
                self.look()
            time.sleep(0.05)

    def look(self) -> bool:
        """Notices runs that have ended, and starts the next one. Returns whether anything
        changed."""
        with self._lock:
            record = next(iter(self.queue), None)
            if record is None:
                return False
            if record.state == "waiting":
                self._start(record)
                return True
            state = self._state_of(record)
            if state == "running":
                self._kill_if_late(record)
                return False
            self._end(record, state)
            return True

    def _state_of(self, record: RunRecord) -> RunState:
        child = self._children.get(record.id)
        status = child.poll() if child else None
        if status is None and (child or is_running(record)):
            return "running"
        if status is None:
            status = exit_status(self.log(record))
        if status == 0:
            return "finished"
        if record.id in self._stop_times_s or status == INTERRUPTED:
            return "stopped"
        return "lost" if status is None or status < 0 else "failed"

    def _start(self, record: RunRecord) -> None:
        """
        Raises:
            WorkError: the process cannot be started, so that the run has failed.
        """
        command = [sys.executable, "-m", "unfade.commands.child", *record.arguments]
        try:
            with self.log(record).open("wb") as log:
                child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder,
                    start_new_session=True,
                )
        except OSError as error:
            reason = (
                f"cannot start ({error.strerror}); check free space and write permission in "
                f"{self._folder}"
            )
            self._end(record, "failed", reason)
            raise WorkError(f"{record.what}: {reason}") from error
        self._children[record.id] = child
        started = process_start(child.pid)
        facts = {"state": "running", "pid": child.pid, "started": started}
        self._keep(record.model_copy(update=facts))

    def _kill_if_late(self, record: RunRecord) -> None:
        asked_s = self._stop_times_s.get(record.id)
        if asked_s is not None and time.monotonic() - asked_s > STOP_PATIENCE_S:
            _signal(record, signal.SIGKILL)

    def _end(self, record: RunRecord, state: RunState, reason: str = "") -> None:
        self._children.pop(record.id, None)
        reason = (reason or self._why(record, state))[:MAX_REASON_LENGTH]
        facts = {"state": state, "ended_s": time.time(), "reason": reason}
        self._keep(record.model_copy(update=facts))

    def _why(self, record: RunRecord, state: RunState) -> str:
        """Why a run has not finished: the last line of its log if it failed."""
        if state == "lost":
            return LOST
        messages = read_log(self.log(record))[1] if state == "failed" else []
        return messages[-1].removeprefix("unfade: ") if messages else ""

    def _keep(self, record: RunRecord) -> None:
        """Records what a run is now; in memory also if the disk is full, so that it starts once."""
        self._records[record.id] = record
        self._write(record)

    def _write(self, record: RunRecord) -> None:
        try:
            text = record.model_dump_json(indent=2)
        except ValueError as error:
            raise WorkError(
                "the name of the film's folder is no UTF-8, so that no run can be put on record; "
                "rename the folder"
            ) from error
        write_text(self._folder / f"{record.id}.json", text)

    def _forget_old(self) -> None:
        for record in self.ended[KEPT_RUNS:]:
            del self._records[record.id]
            for path in (self._folder / f"{record.id}.json", self.log(record)):
                path.unlink(missing_ok=True)


def _signal(record: RunRecord, number: int) -> None:
    """Signals a run and its own children, which are one process group.

    Raises:
        WorkError: the system refuses it.
    """
    assert record.pid is not None
    if not is_running(record):
        return
    try:
        os.killpg(record.pid, number)
    except ProcessLookupError:
        return
    except OSError as error:
        raise WorkError(
            f"the run (process {record.pid}) cannot be stopped ({error.strerror}); stop it by hand"
        ) from error
