"""Detection of repeated frames: those that show the same film frame as the frame before."""

import cv2
import numpy as np
from numpy.typing import NDArray

_BLOCK_PX = 4
"""Side of the blocks that are compared: large enough to average compression noise."""

_CHANGED_BLOCKS = 6
"""Number of blocks with the largest change, whose mean is tested: a moving hand fills as many."""

_MAX_CHANGE_CODES = 1.0
"""Largest mean change of a repeat, of 255. Copies of a frame in MPEG-2 at 4 Mbit/s differ by less
than 0.75; frames with any motion by 7."""


class RepeatDetector:
    """Finds repeats among the proxies of a clip, which are added in order.

    Each proxy is compared with the last one that was no repeat, so that slow motion adds up.
    """

    def __init__(self) -> None:
        self._last_new: NDArray[np.float32] | None = None

    def add(self, proxy: NDArray[np.uint8]) -> str:
        """The letter of `Cadence.repeats` for the next frame, uint8 (h, w, 3)."""
        height, width = (max(1, side // _BLOCK_PX) for side in proxy.shape[:2])
        luma = proxy.mean(axis=2, dtype=np.float32)
        if self._last_new is not None:
            change = cv2.resize(
                np.abs(luma - self._last_new), (width, height), interpolation=cv2.INTER_AREA
            ).ravel()
            count = min(_CHANGED_BLOCKS, len(change))
            if np.partition(change, len(change) - count)[-count:].mean() < _MAX_CHANGE_CODES:
                return "r"
        self._last_new = luma
        return "."
