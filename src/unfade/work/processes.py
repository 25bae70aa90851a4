"""Processes on this and other machines, as files name them."""

import hashlib
import os
import socket
import sys


def host_key() -> str:
    """A short name for this machine, which reveals nothing of it."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]


def is_running(process_id: int) -> bool:
    """Whether a process of this machine runs; true where that cannot be known."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # It is another user's, or no number of a process.
    return True
