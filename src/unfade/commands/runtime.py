"""Settings of the process: one core for each operation, and freed memory stays with the process."""

import os

from unfade.work.memory import keep_freed_memory


def configure_process() -> None:
    """Makes both settings, unless the environment makes them; call it before importing torch."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    keep_freed_memory()
