"""Which executor a run has: this process, workers on this machine, or a cluster."""

from contextlib import AbstractContextManager, nullcontext

from unfade.errors import WorkError
from unfade.work.units import Executor, InProcess


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
    return local_workers(workers) if workers is not None else cluster_at(str(cluster))
