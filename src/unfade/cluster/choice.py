"""Which executor a run has: this process, workers on this machine, or a cluster."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial

from unfade.errors import WorkError
from unfade.work.job import Job
from unfade.work.units import Executor, InProcess, Unit


def executor_for(
    workers: int | None = None, cluster: str | None = None
) -> AbstractContextManager[Executor]:
    """What does the units of a run, for the time of a block.

    Args:
        workers: number of processes on this machine; None for this process alone.
        cluster: address of the scheduler of a Dask cluster, ``tcp://host:8786``.

    Raises:
        WorkError: both are named, Dask is not installed, or no scheduler answers.
    """
    if workers is None and cluster is None:
        return nullcontext(InProcess())
    if workers is not None and cluster is not None:
        raise WorkError(
            "a cluster has workers of its own; name either a number of workers or a cluster"
        )
    try:
        from unfade.cluster.executor import cluster_at, local_workers
    except ModuleNotFoundError as error:
        raise WorkError(
            f"the package {error.name}, which workers need, is not installed; install it with "
            "'pip install unfade[cluster]'"
        ) from error
    return _when_needed(
        partial(local_workers, workers)
        if workers is not None
        else partial(cluster_at, str(cluster))
    )


@contextmanager
def _when_needed(start: Callable[[], AbstractContextManager[Executor]]) -> Iterator[Executor]:
    """An executor that starts with the first units, because often there are none."""
    with ExitStack() as stack:
        yield _StartedWhenNeeded(start, stack)


class _StartedWhenNeeded:
    def __init__(
        self, start: Callable[[], AbstractContextManager[Executor]], stack: ExitStack
    ) -> None:
        self._start, self._stack = start, stack
        self._started: Executor | None = None

    def run(self, job: Job, units: Sequence[Unit]) -> Iterator[None]:
        if self._started is None:
            self._started = self._stack.enter_context(self._start())
        yield from self._started.run(job, units)
