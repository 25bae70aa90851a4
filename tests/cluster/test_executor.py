"""Units on workers: each is done although workers die, and every failure is one sentence."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unfade.cluster import executor
from unfade.cluster.choice import executor_for
from unfade.cluster.executor import DaskExecutor, cluster_at, local_workers
from unfade.errors import MissingFactError, WorkError
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.units import Unit, UnitWork, prepare_results, results

from . import units_of_tests


@pytest.fixture(scope="module")
def workers() -> Iterator[DaskExecutor]:
    with pytest.MonkeyPatch.context() as patch:
        # The workers import the units of the module beside this one.
        patch.syspath_prepend(str(Path(__file__).parents[2]))
        with local_workers(2) as executor:
            yield executor


def make_job(folder: Path, executor: DaskExecutor) -> Job:
    fields = {"film": {"title": "Reel"}, "source": {"path": "scan.mov"}}
    job = Job(Project.model_validate(fields), folder, SilentProgress(), executor)
    prepare_results(job.folder("render"), "the settings")
    return job


@pytest.fixture
def job(tmp_path: Path, workers: DaskExecutor) -> Job:
    return make_job(tmp_path, workers)


def units(work: Callable[..., UnitWork], *numbers: int) -> list[Unit]:
    return [
        Unit("render", f"{work.__name__}-{number}", work, {"number": number}, 1)
        for number in numbers
    ]


def test_units_are_done_once_by_other_processes(job: Job) -> None:
    for _ in range(2):
        found = [one.facts for one in results(job, units(units_of_tests.double, *range(8)), "")]
    assert [one["double"] for one in found] == [2 * number for number in range(8)]
    assert os.getpid() not in {one["process"] for one in found}
    assert len((job.root / "calls.txt").read_text().splitlines()) == 8


def test_a_unit_whose_worker_dies_is_done_again(job: Job) -> None:
    found = results(job, units(units_of_tests.die_once, 1, 2, 3), "")
    assert [one.facts for one in found] == [1, 2, 3]


def test_the_error_of_a_unit_comes_back(job: Job) -> None:
    with pytest.raises(MissingFactError, match="frame 7: states no rate; set 'rate'") as caught:
        list(results(job, units(units_of_tests.fail, 7), ""))
    assert caught.value.key == "rate"
    with pytest.raises(ZeroDivisionError):
        list(results(job, units(units_of_tests.divide, 0), ""))


def test_a_worker_that_sees_another_folder_is_named(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unfade.cluster.worker.results_key", lambda folder: "other settings")
    with pytest.raises(WorkError, match="a worker sees no such folder, or another one; mount"):
        list(results(job, units(units_of_tests.double, 1), ""))


def test_a_worker_of_another_version_is_named(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unfade.cluster.executor.__version__", "9.9")
    with pytest.raises(WorkError, match=r"has Unfade .*, but this machine has 9\.9; install"):
        list(results(job, units(units_of_tests.double, 1), ""))


def test_an_address_without_a_scheduler_is_one_sentence() -> None:
    address = "tcp://127.0.0.1:9"
    with pytest.raises(WorkError, match=f"{address}: no scheduler answers"), cluster_at(address):
        pass


@pytest.mark.parametrize("address", ["nonsense", "", "http://host:8786", "tcp://host"])
def test_what_is_no_address_is_one_sentence(address: str) -> None:
    with (
        pytest.raises(WorkError, match=f"'{address}' is no address .*tcp://HOST:8786"),
        cluster_at(address),
    ):
        pass


def test_workers_and_a_cluster_exclude_each_other() -> None:
    with pytest.raises(WorkError, match="name either"):
        executor_for(2, "tcp://127.0.0.1:8786")


SCHEDULER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    count = int(sys.argv[1])
    with LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None) as one:
        print(one.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def start_cluster(tmp_path: Path) -> Iterator[Callable[[int], tuple[str, "subprocess.Popen[str]"]]]:
    """Starts a cluster in a process of its own; returns its address and that process."""
    program = tmp_path / "cluster.py"
    program.write_text(SCHEDULER)
    started: list[subprocess.Popen[str]] = []

    def start(count: int) -> tuple[str, "subprocess.Popen[str]"]:
        process = subprocess.Popen(
            [sys.executable, str(program), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip(), process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_lost_scheduler_ends_the_run_with_a_sentence(
    tmp_path: Path, start_cluster: Callable[[int], tuple[str, "subprocess.Popen[str]"]]
) -> None:
    address, scheduler = start_cluster(1)
    with cluster_at(address) as executor:
        job = make_job(tmp_path / "film", executor)
        killer = threading.Thread(target=lambda: kill_after(job.root / "began-1", scheduler))
        killer.start()
        with pytest.raises(WorkError, match=f"{address}: the scheduler is gone; start it again"):
            list(results(job, units(units_of_tests.wait_long, 1), ""))
        killer.join()


def kill_after(began: Path, process: "subprocess.Popen[str]") -> None:
    until_s = time.monotonic() + 60
    while not began.exists() and time.monotonic() < until_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)


def test_a_cluster_without_workers_ends_the_run_with_a_sentence(
    tmp_path: Path,
    start_cluster: Callable[[int], tuple[str, "subprocess.Popen[str]"]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("unfade.cluster.executor.NO_WORKER_S", 1.0)
    address, _ = start_cluster(0)
    with cluster_at(address) as executor:
        job = make_job(tmp_path / "film", executor)
        with pytest.raises(WorkError, match="has had no worker for 1 seconds; start workers"):
            list(results(job, units(units_of_tests.double, 1), ""))


def test_a_worker_that_dies_while_it_starts_is_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def start(**options: object) -> str:
        calls.append(options["n_workers"])
        if len(calls) < executor.MAX_STARTS:
            raise RuntimeError("Nanny failed to start.")
        return "cluster"

    monkeypatch.setattr(executor, "LocalCluster", start)
    assert executor._local_cluster(2) == "cluster"
    assert calls == [2] * executor.MAX_STARTS
    monkeypatch.setattr(executor, "MAX_STARTS", 2)
    monkeypatch.setattr(executor, "LocalCluster", fail_to_start)
    with pytest.raises(WorkError, match="--workers 2: the workers end while they start"):
        executor._local_cluster(2)


def fail_to_start(**_: object) -> None:
    raise RuntimeError("Nanny failed to start.")
