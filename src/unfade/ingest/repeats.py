"""Which frames of a clip show the same film frame as the one before."""

import cv2
import numpy as np
from numpy.typing import NDArray

_BLOCK = 4
"""Pixels a side of the blocks that are compared."""
_WORST = 6
"""Blocks that changed most, whose mean counts: a hand is enough."""
_SAME = 1.0
"""Codes of 8 bits by which the worst blocks of two copies of a film frame differ at most. Copies
that were compressed apart, MPEG-2 at 4 Mbit/s, stay below 0.75; where anything moves it is 7."""


class RepeatMeter:
    """Compares the proxies of a clip, one after the other.

    Each is held against the first of those that look the same, so that a slow movement adds up.
    """

    def __init__(self) -> None:
        self._shown: NDArray[np.float32] | None = None

    def add(self, proxy: NDArray[np.uint8]) -> str:
        """The letter of `Cadence.repeats` of the next frame, uint8 (h, w, 3)."""
        height, width = (max(1, side // _BLOCK) for side in proxy.shape[:2])
        luma = proxy.mean(axis=2, dtype=np.float32)
        if self._shown is not None:
            change = cv2.resize(
                np.abs(luma - self._shown), (width, height), interpolation=cv2.INTER_AREA
            ).ravel()
            worst = min(_WORST, len(change))
            if np.partition(change, len(change) - worst)[-worst:].mean() < _SAME:
                return "r"
        self._shown = luma
        return "."
