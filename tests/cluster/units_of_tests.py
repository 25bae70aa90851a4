"""Units that tests send to workers, which import them from here."""

import os
import signal
import time
from pathlib import Path

from unfade.errors import MissingFactError
from unfade.work.job import Job
from unfade.work.units import UnitResult, UnitWork


def double(job: Job, number: int) -> UnitWork:
    """Notes the process that works on it."""
    with (job.root / "calls.txt").open("a") as file:
        file.write(f"{number} {os.getpid()}\n")
    yield
    return UnitResult({"double": 2 * number, "process": os.getpid()})


def die_once(job: Job, number: int) -> UnitWork:
    """Kills its process when it is called for the first time."""
    marker = Path(job.root, f"died-{number}")
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield
    return UnitResult(number)


def fail(job: Job, number: int) -> UnitWork:
    yield
    raise MissingFactError(f"frame {number}: states no rate; set 'rate'", "rate", "nothing")


def divide(job: Job, number: int) -> UnitWork:
    yield
    return UnitResult(1 // number)


def wait_long(job: Job, number: int) -> UnitWork:
    Path(job.root, f"began-{number}").touch()
    yield
    time.sleep(600)
    return UnitResult(number)
