"""Settings of the process: one core for each operation, and freed memory stays with the process.

`decisions/07-threads-and-memory.md` has the measurements.
"""

import ctypes
import os
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
"""Parameters of `mallopt`, numbered as in glibc's malloc.h."""
_TRIM_THRESHOLD_BYTES = 2**31 - 1
"""Bytes of freed memory at the top of the heap before glibc returns them, the maximum of
`mallopt`."""

_MMAP_THRESHOLD_BYTES = 2**25
"""Bytes from which a block is returned to the system when it is freed, the maximum of `mallopt`.
Without a threshold, rendering 4096 x 3112 pixels takes a fifth more memory."""


def configure_process() -> None:
    """Makes both settings, unless the environment makes them; call it before importing torch."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.platform == "linux" and not any(name.startswith("MALLOC_") for name in os.environ):
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Makes glibc reuse the memory of pictures, because new zeroed pages cost a fault each.

    All threads share one arena: otherwise each keeps its own freed pictures."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)
