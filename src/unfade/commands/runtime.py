"""How the process uses the computer: threads that sleep while they wait, memory that is kept.

`decisions/07-threads-and-memory.md` has the measurements.
"""

import ctypes
import os
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_KEPT = 2**31 - 1
"""Bytes of freed memory that stay with the process, the most that `mallopt` takes."""


def configure_process() -> None:
    """Sets both, before torch is imported; what the user set in the environment stays."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if sys.platform == "linux" and not any(name.startswith("MALLOC_") for name in os.environ):
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Lets glibc reuse the memory of pictures, rather than fault in zeroed pages for each."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
