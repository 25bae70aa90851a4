"""Freed memory: it stays with the process during a stage, and goes back to the system after it.

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


def keep_freed_memory() -> None:
    """Makes glibc reuse the memory of pictures, because new zeroed pages cost a fault each.

    All threads share one arena: otherwise each keeps its own freed pictures. The environment's own
    settings of malloc are left as they are.
    """
    mallopt = _glibc("mallopt")
    if mallopt is not None and not any(name.startswith("MALLOC_") for name in os.environ):
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)


def return_freed_memory() -> None:
    """Makes glibc return the memory that a stage has freed: after train some 0.9 GB."""
    malloc_trim = _glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _glibc(name: str) -> "ctypes._NamedFuncPointer | None":
    """A function of glibc; none on other systems."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)
