"""Claim: workers render the same masters as one process, two of them on two cores at least as fast,
and to cut the work into units costs nearly nothing.

Makes frames of 2048x1556, renders them as one unit and in units of the usual length in this
process, and then by workers, in turn; workers are running before the clock starts, as they do in a
run of many stages. Prints wall and CPU seconds as ratios to one unit, and whether the masters are
the same bytes:

    python benchmarks/workers.py [--frames 400] [--rounds 2] [--workers 1 2 4]
"""

import argparse
import hashlib
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from unfade.commands.runtime import configure_process

configure_process()

from measures import circumstances, table  # noqa: E402
from throughput import make_job  # noqa: E402

from unfade.cluster.choice import executor_for  # noqa: E402
from unfade.film.rendering import Rendering  # noqa: E402
from unfade.render import stage  # noqa: E402
from unfade.work import units  # noqa: E402
from unfade.work.job import Job  # noqa: E402
from unfade.work.units import InProcess, prepare_results, remove_results  # noqa: E402

HEAD = ("round", "who", "units of frames", "wall s", "ratio", "CPU s", "ratio", "same bytes")

WARM_FRAMES = 4
"""Frames that are rendered before the clock starts, so that every process has its libraries."""


def main() -> None:
    """Prints the table; the exit status is 1 if masters differ."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="workers-", dir=options.folder))
    try:
        job = make_job(folder, options.frames, "medium")
        rows = list(_rows(job, options))
    finally:
        shutil.rmtree(folder)
    print(f"{circumstances()}\n\n{table(HEAD, rows)}")
    sys.exit(any(row[-1] == "no" for row in rows))


def _rows(job: Job, options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    usual = units.FRAMES_A_UNIT
    for number in range(1, options.rounds + 1):
        one = _measured(replace(job, executor=InProcess()), options.frames)
        yield _row(number, "this process", options.frames, one, one)
        yield _row(number, "this process", usual, _measured(job, usual), one)
        for count in options.workers:
            with executor_for(workers=count) as executor:
                on_workers = replace(job, executor=executor)
                _render_some(on_workers)
                yield _row(number, f"{count} workers", usual, _measured(on_workers, usual), one)


Measured = tuple[float, float, str]
"""Wall and CPU seconds, and the SHA-256 over all masters."""


def _row(number: int, who: str, length: int, found: Measured, one: Measured) -> tuple[str, ...]:
    wall_s, cpu_s, digest = found
    return (
        str(number),
        who,
        str(length),
        f"{wall_s:.1f}",
        f"{wall_s / one[0]:.3f}",
        f"{cpu_s:.1f}" if cpu_s else "",
        f"{cpu_s / one[1]:.3f}" if cpu_s else "",
        "yes" if digest == one[2] else "no",
    )


def _measured(job: Job, length: int) -> Measured:
    units.FRAMES_A_UNIT = length
    _forget(job)
    started_s, started_cpu_s = time.perf_counter(), _cpu_s()
    stage.run(job)
    wall_s = time.perf_counter() - started_s
    is_here = isinstance(job.executor, InProcess)
    cpu_s = _cpu_s() - started_cpu_s if is_here else 0.0
    digest = hashlib.sha256()
    for frame in job.load(Rendering).frames:
        digest.update((job.folder("render") / frame.file).read_bytes())
    return wall_s, cpu_s, digest.hexdigest()


def _render_some(job: Job) -> None:
    """Renders a few frames in units of one, so that every worker does some."""
    units.FRAMES_A_UNIT = 1
    _forget(job)
    stage.render_part(job, range(1, WARM_FRAMES + 1))


def _forget(job: Job) -> None:
    """Removes all masters and results of units."""
    folder = job.folder("render")
    remove_results(folder)
    shutil.rmtree(folder)
    prepare_results(job.folder("render"), "workers")
    job.forget_made()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--folder", type=Path, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    main()
