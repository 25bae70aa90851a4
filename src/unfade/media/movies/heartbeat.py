"""Progress of a decoder, in memory that the program sees: it survives a crash of the decoder."""

import numpy as np
from numpy.typing import NDArray

NO_FRAME = -1
"""Number of the frame while a movie is opened or indexed."""

STEPS, FRAME = 0, 1
"""Places in `_progress`: number of steps, and number of the frame that is decoded."""

PROGRESS_ITEMS = 2
"""Numbers in `_progress`."""

_progress: NDArray[np.int64] = np.zeros(PROGRESS_ITEMS, np.int64)


def report_in(progress: NDArray[np.int64]) -> None:
    """Makes `heartbeat` write into `progress`."""
    global _progress
    _progress = progress


def heartbeat(frame: int = NO_FRAME) -> None:
    """Reports that the decoder makes progress, with the number of the frame that comes next."""
    _progress[STEPS] += 1
    _progress[FRAME] = frame
