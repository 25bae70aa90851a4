"""Claim: a run that is killed at any moment, alone or with its workers or the scheduler of a
cluster, goes on where it was and ends in the masters of an undisturbed run.

Starts runs of a film of small frames, kills -9 a process of them at a random moment of a random
stage, and starts the run again; after some kills the film is finished, and the pixels of its
masters are compared. Prints what was killed in which stage, and what was lost:

    python benchmarks/kills.py [--kills 50] [--kills-a-film 5] [--frames 240] [--seed 0]

`alone` is one process, `workers` is `--workers 2`, `cluster` a scheduler and two workers of Dask.
"""

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from unfade.commands.runtime import configure_process

configure_process()

import fault_film  # noqa: E402
from measures import circumstances, table  # noqa: E402

from unfade.film.stage_names import STAGE_NAMES, folder_name  # noqa: E402
from unfade.work.receipt import UNFINISHED  # noqa: E402

MODES = ("alone", "workers", "cluster")
"""Ways of running, which take turns from film to film."""

VICTIMS = {
    "alone": ("run",),
    "workers": ("run", "worker"),
    "cluster": ("run", "worker", "scheduler"),
}
"""What is killed, by the way of running."""

LATEST_S = 1.0
"""Longest time, in seconds, from the start of a stage to the kill; most stages take longer."""

PATIENCE_S = 300.0
"""Longest wait for the end of a run, of which the machine may do several."""

HEAD = ("way", "victim", "kills", "of them in stage", "lost")


def main() -> None:
    """Prints the table; the exit status is 1 if something was lost."""
    options = _options()
    draws = random.Random(options.seed)
    fault_film.FRAMES = range(1, options.frames + 1)
    counts: Counter[tuple[str, str, str]] = Counter()
    lost: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        fault_film.make_film(root / "film")
        fault_film.copy_film(root / "film", root / "undisturbed")
        assert fault_film.run(root / "undisturbed").status == 0
        truth = fault_film.pixel_digest(root / "undisturbed")
        for number in itertools.count():
            if counts.total() >= options.kills:
                break
            mode, film = MODES[number % len(MODES)], root / f"film{number}"
            fault_film.copy_film(root / "film", film)
            with _Runs(mode, film) as runs:
                for stage in sorted(draws.choices(STAGE_NAMES, k=options.kills_a_film), key=_place):
                    victim = draws.choice(VICTIMS[mode])
                    if runs.kill(victim, stage, draws.uniform(0.0, LATEST_S)):
                        counts[mode, victim, stage] += 1
                runs.finish()
            lost[mode] += fault_film.pixel_digest(film) != truth or bool(_left(film))
            print(f"{mode}: film {number} compared", file=sys.stderr, flush=True)
    print(f"{circumstances()}\n\n{table(HEAD, [*_rows(counts, lost)])}")
    sys.exit(bool(lost.total()))


def _rows(
    counts: Counter[tuple[str, str, str]], lost: Counter[str]
) -> Iterator[tuple[str, str, str, str, str]]:
    for mode in MODES:
        for victim in VICTIMS[mode]:
            by_stage = {s: n for (m, v, s), n in counts.items() if (m, v) == (mode, victim)}
            names = [name for name in STAGE_NAMES if name in by_stage]
            stages = ", ".join(f"{name} {by_stage[name]}" for name in names)
            gone = f"{lost[mode]} films" if lost[mode] else "nothing"
            yield mode, victim, str(sum(by_stage.values())), stages, gone


class _Runs:
    """Runs of one film, and the cluster that they use."""

    def __init__(self, mode: str, film: Path) -> None:
        self._mode, self._film = mode, film
        self._cluster: list[subprocess.Popen[bytes]] = []
        self._arguments: tuple[str, ...] = ()

    def __enter__(self) -> "_Runs":
        self._start_cluster()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_cluster()

    def kill(self, victim: str, stage: str, after_s: float) -> bool:
        """Starts the run, kills the victim a time after a stage has begun, and waits until the run
        ends. Returns whether the run was still in that stage."""
        process = self._start()
        marker = self._film / folder_name(stage) / UNFINISHED
        while process.poll() is None and not marker.exists():
            time.sleep(fault_film.POLL_S)
        time.sleep(after_s)
        is_at_work = process.poll() is None and marker.exists()
        if is_at_work:
            self._kill(victim, process)
        status, said = self._end(process)
        expected = {"run": (-9,), "worker": (0,), "scheduler": (2, 0)}[victim]
        assert status in (expected if is_at_work else (0,)), said
        ends = ("the scheduler is gone", "no scheduler answers")
        assert status != 2 or any(words in said for words in ends), said
        self._repair()
        return is_at_work

    def finish(self) -> None:
        """Runs to the end."""
        status, said = self._end(self._start())
        assert status == 0, said

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "unfade", *fault_film.WHOLE_RUN, *self._arguments]
        return subprocess.Popen(
            command,
            cwd=self._film,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _end(self, process: "subprocess.Popen[bytes]") -> tuple[int, str]:
        said = process.communicate(timeout=PATIENCE_S)[1].decode()
        return process.returncode, said

    def _kill(self, victim: str, run: "subprocess.Popen[bytes]") -> None:
        if victim == "run":
            run.kill()
        elif victim == "scheduler":
            self._cluster[0].kill()
        else:
            parent = run.pid if self._mode == "workers" else self._cluster[1].pid
            for child in _children(parent)[-1:]:
                os.kill(child, signal.SIGKILL)

    def _start_cluster(self) -> None:
        if self._mode == "workers":
            self._arguments = ("--workers", "2")
        if self._mode != "cluster":
            return
        file = self._film.with_name(f"{self._film.name}-scheduler.json")
        file.unlink(missing_ok=True)
        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self._cluster = [_dask("scheduler", "--scheduler-file", str(file), *options)]
        address = _address_in(file)
        worker = ("--nthreads", "1", "--memory-limit", "0", "--no-dashboard")
        self._cluster += [_dask("worker", address, *worker) for _ in range(2)]
        self._arguments = ("--cluster", address)

    def _stop_cluster(self) -> None:
        for process in self._cluster:
            for child in _children(process.pid):
                os.kill(child, signal.SIGKILL)
            process.kill()
            process.wait()

    def _repair(self) -> None:
        """Starts a cluster again of which a part has ended."""
        if any(process.poll() is not None for process in self._cluster):
            self._stop_cluster()
            self._start_cluster()


def _dask(verb: str, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"UNFADE_CORES": "1"}
    command = [sys.executable, "-m", "dask", verb, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )


def _address_in(file: Path) -> str:
    """The address in the file that a scheduler writes when it is ready."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.1)
    raise TimeoutError(f"{file}: no scheduler has started")


def _children(parent: int) -> list[int]:
    """Processes that a process has started, but no helpers of Python's multiprocessing."""
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split(maxsplit=1) for line in found.stdout.splitlines()]
    return [int(number) for number, command in lines if "resource_tracker" not in command]


def _place(stage: str) -> int:
    return STAGE_NAMES.index(stage)


def _left(film: Path) -> Sequence[str]:
    """Parts of files and results of units that are left."""
    return [*fault_film.leftovers(film), *(str(path) for path in film.rglob("units"))]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--kills-a-film", type=int, default=5)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
