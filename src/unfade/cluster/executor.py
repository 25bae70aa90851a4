"""Does units of work on the workers of a Dask cluster, on this machine or on many.

Workers and this machine share a file system, on which the units leave their results. A unit whose
worker dies is done by another. Decision 41 says why Dask.
"""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from itertools import repeat
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, wait
from distributed.comm.core import CommClosedError

from unfade import __version__
from unfade.cluster.worker import DescribedJob, do_on_worker
from unfade.errors import UnfadeError, WorkError
from unfade.work.cores import CORES_VARIABLE, core_count
from unfade.work.job import Job
from unfade.work.units import Unit

_ADDRESS = re.compile(r"(tcp|tls|ucx)://([^\s/:]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")
"""Addresses of schedulers that Unfade takes."""

CONNECT_TIMEOUT_S = 10.0
"""Seconds within which a scheduler answers; on a local network it takes less than one."""

NO_WORKER_S = 60.0
"""Seconds without any worker after which the run ends: a worker restarts in a few."""

WORKER_TIMEOUT_S = 60
"""Seconds without a sign of life after which a worker of this machine is replaced; its thread that
gives signs is busy with nothing else."""

FILE_TIMEOUT_S = 90.0
"""Seconds until a result that another machine wrote is seen here: a network share may remember for
60 that there was no such file."""

POLL_S = 2.0
"""Seconds between looks at the workers while no unit ends."""

_ANY_PORT = "127.0.0.1:0"
"""Address of the status pages of Dask, which nobody else can reach."""

MAX_STARTS = 3
"""Times that workers are started before it is an error: one may be killed while it starts."""

MAX_KILLS = 10
"""Workers that may die over one unit. Units seldom kill their workers, but operators do."""


class DaskExecutor:
    """Does units on the workers of a Dask cluster."""

    def __init__(self, client: Client, name: str) -> None:
        """`name` is that of the cluster in messages."""
        self._client, self._name = client, name

    def run(self, job: Job, units: Sequence[Unit]) -> Iterator[None]:
        """Does units, as many at a time as there are workers; yields as often as they have frames,
        pairs or shots.

        Raises:
            UnfadeError: of a unit; or the scheduler is gone, or all workers are.
        """
        futures: list[Future[Any]] = []
        try:
            self._check_versions()
            described = DescribedJob.of(job, units[0].stage)
            futures = [
                self._client.submit(do_on_worker, described, unit, pure=False) for unit in units
            ]
            units_of = dict(zip(futures, units, strict=True))
            for future in self._finished(futures):
                unit = units_of[future]
                self._check(future, unit)
                _wait_for_result(job, unit)
                yield from repeat(None, unit.amount)
        except CancelledError as error:
            raise self._lost() from error
        except OSError as error:
            if isinstance(error, CommClosedError) or self._client.status != "running":
                raise self._lost() from error
            raise
        finally:
            # After a failure the others are of no use; they end by themselves if this fails too.
            with suppress(Exception):
                self._client.cancel(futures)

    def _check_versions(self) -> None:
        """
        Raises:
            WorkError: a worker has no Unfade, or another version.
        """
        versions: Any = self._client.get_versions(packages=["unfade"])
        for name, found in versions["workers"].items():
            version = found["packages"]["unfade"]
            if version != __version__:
                there = f"Unfade {version}" if version else "no Unfade"
                raise WorkError(
                    f"{self._name}: the worker {name} has {there}, but this machine has "
                    f"{__version__}; install the same version everywhere"
                )

    def _finished(self, futures: list[Future[Any]]) -> Iterator[Future[Any]]:
        """Futures in the order in which they end.

        Raises:
            WorkError: the scheduler is gone, or all workers are.
        """
        pending, last_worker_s = futures, time.monotonic()
        while pending:
            try:
                with self._client.as_current():
                    done, not_done = wait(pending, timeout=POLL_S, return_when="FIRST_COMPLETED")
            except TimeoutError:
                now_s = time.monotonic()
                last_worker_s = now_s if self._has_workers() else last_worker_s
                if now_s - last_worker_s > NO_WORKER_S:
                    raise WorkError(
                        f"{self._name}: has had no worker for {NO_WORKER_S:.0f} seconds; start "
                        "workers, and run the same command again, which goes on from here"
                    ) from None
                continue
            yield from done
            pending = list(not_done)

    def _has_workers(self) -> bool:
        """
        Raises:
            WorkError: the scheduler is gone.
        """
        if self._client.status != "running":
            raise self._lost()
        return bool(self._client.scheduler_info(n_workers=1)["workers"])

    def _lost(self) -> WorkError:
        return WorkError(
            f"{self._name}: the scheduler is gone; start it again, and run the same command again, "
            "which goes on from here"
        )

    def _check(self, future: Future[Any], unit: Unit) -> None:
        """
        Raises:
            UnfadeError: the unit failed.
        """
        if future.status == "cancelled":
            raise self._lost()
        if future.status != "error":
            return
        error: Any = future.exception()
        if isinstance(error, UnfadeError):
            raise error
        if isinstance(error, KilledWorker):
            raise WorkError(
                f"{unit.stage}: {unit.name} ended {MAX_KILLS} workers, perhaps for lack of memory; "
                "use fewer workers on a machine, and look at their log"
            ) from error
        raise error.with_traceback(future.traceback())


def _wait_for_result(job: Job, unit: Unit) -> None:
    """
    Raises:
        WorkError: a worker has written the result of the unit, but it is not seen here.
    """
    path, until_s = unit.path(job), time.monotonic() + FILE_TIMEOUT_S
    while not path.exists():
        if time.monotonic() > until_s:
            raise WorkError(
                f"{path}: was written by a worker, but is not seen here; let all machines share "
                "the work directory"
            )
        time.sleep(0.1)


@contextmanager
def _settings() -> Iterator[None]:
    """Settings of Dask: many workers may die, and none is paused because of its memory, which would
    stop it for good."""
    settings = {
        "distributed.scheduler.allowed-failures": MAX_KILLS,
        "distributed.comm.timeouts.connect": f"{CONNECT_TIMEOUT_S}s",
        "distributed.worker.preload": ["unfade.cluster.worker"],
        "distributed.worker.profile.enabled": False,
        "distributed.scheduler.worker-ttl": f"{WORKER_TIMEOUT_S}s",
        # The pixels of the shots of a short film go in one unit.
        "distributed.admin.large-graph-warning-threshold": "1TB",
        "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
    }
    loggers = [
        logging.getLogger(name)
        for name in list(logging.root.manager.loggerDict)
        if name.partition(".")[0] == "distributed"
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with dask.config.set(settings):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def local_workers(count: int) -> Iterator[DaskExecutor]:
    """Starts workers on this machine, which share its cores, and ends them."""
    with _settings(), _local_cluster(count) as cluster, Client(cluster) as client:
        try:
            yield DaskExecutor(client, "the workers of this machine")
        except BaseException:
            # A unit may be killed at any moment; to wait for its end would hold up Ctrl-C.
            for nanny in cluster.workers.values():
                if nanny.process is not None and nanny.process.process is not None:
                    nanny.auto_restart = False
                    nanny.process.process.kill()
            raise


def _local_cluster(count: int) -> LocalCluster:
    """
    Raises:
        WorkError: the workers cannot be started.
    """
    for starts_left in reversed(range(MAX_STARTS)):
        try:
            return LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                # Other users of this machine could run code in the workers.
                security=True,
                dashboard_address=_ANY_PORT,
                worker_dashboard_address=_ANY_PORT,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                env={CORES_VARIABLE: str(max(1, core_count() // count))},
            )
        except RuntimeError as error:
            if not starts_left:
                raise WorkError(
                    f"--workers {count}: the workers end while they start ({error}); use fewer, "
                    "because they may lack memory"
                ) from error
    raise AssertionError


@contextmanager
def cluster_at(address: str) -> Iterator[DaskExecutor]:
    """Connects to the scheduler of a cluster, ``tcp://host:8786``.

    Raises:
        WorkError: no scheduler answers there.
    """
    if not _ADDRESS.fullmatch(address):
        raise WorkError(f"'{address}' is no address of a scheduler; write it as tcp://HOST:8786")
    with _settings():
        try:
            client = Client(address, timeout=CONNECT_TIMEOUT_S)
        except (OSError, ValueError, TypeError) as error:
            raise WorkError(
                f"{address}: no scheduler answers there ({error}); start one with 'dask scheduler' "
                "and name its address, such as tcp://host:8786"
            ) from error
        with client:
            yield DaskExecutor(client, address)
