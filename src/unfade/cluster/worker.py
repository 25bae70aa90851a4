"""What a worker of a cluster does: units, one at a time. Dask loads this module in each worker that
Unfade starts (`dask_setup`)."""

import os
import signal
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from unfade.errors import WorkError
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.memory import keep_freed_memory, return_freed_memory
from unfade.work.progress import SilentProgress
from unfade.work.software import software_versions
from unfade.work.units import Unit, do_unit, has_key, results_key

_TURN = threading.Lock()
"""A worker with several threads does one unit at a time, because each unit uses all its cores."""


@dataclass(frozen=True)
class DescribedJob:
    """A job as it is sent to workers: the project as JSON, the absolute path of the work directory,
    the key that the units' results are of, what defines its colours, and the software that they
    depend on."""

    project: str
    root: str
    key: str
    colors: str
    software: tuple[tuple[str, str], ...]

    @staticmethod
    def of(job: Job, stage: str) -> "DescribedJob":
        """The description of a job for the units of a stage."""
        return DescribedJob(
            project=job.project.model_dump_json(by_alias=True),
            root=str(job.root.absolute()),
            key=results_key(job.folder(stage)),
            colors=job.color_facts(),
            software=tuple(sorted(software_versions().items())),
        )


def dask_setup(worker: object) -> None:
    """Leaves Ctrl-C to the process that started the worker; keeps freed memory as a run does."""
    keep_freed_memory()
    with suppress(ValueError):  # Only the main thread may handle signals.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def dask_teardown(worker: object) -> None:
    """Leaves standard error alone, on which libraries complain when a worker ends in haste."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def do_on_worker(described: DescribedJob, unit: Unit) -> None:
    """Does a unit, whose result goes into the work directory.

    Raises:
        UnfadeError: of the unit; or the worker sees another work directory, or has another OCIO
            config or other software.
    """
    with _TURN:
        deque(do_unit(_job(described, unit.stage), unit), maxlen=0)
        return_freed_memory()


@lru_cache(maxsize=1)
def _job(described: DescribedJob, stage: str) -> Job:
    """The job, which is kept from unit to unit with what they share."""
    for name, version in sorted({*described.software} - {*software_versions().items()}):
        raise WorkError(
            f"a worker has another version of {name} than {version}, on which results depend; "
            "install the same versions on all machines"
        )
    project, root = Project.model_validate_json(described.project), Path(described.root)
    job = Job(project, root, SilentProgress())
    if not (root.is_dir() and has_key(job.folder(stage), described.key)):
        raise WorkError(
            f"{root}: a worker sees no such folder, or another one; mount the same folder at the "
            "same path on all machines"
        )
    if job.color_facts() != described.colors:
        raise WorkError(
            f"{root}: a worker has another OpenColorIO config ({job.color_facts()}); set OCIO to "
            "the same on all machines, or 'film.ocio' in film.toml"
        )
    return job
