"""The reference as the matcher sees it: its film frames, by their signatures."""

import numpy as np

from unfade.curate.matching.signature import Window, signatures

COARSE = (24, 18)
"""Pixels of the signatures in which a shot looks through the whole reference."""
FINE = (96, 72)
"""Pixels of those in which its frames find theirs."""
_BLOCK = 1024
"""Frames whose pictures are in memory at a time."""


class Library:
    """Film frames of a reference, numbered from 0 without those that are torn or repeated.

    `frames` are their places in the proxy, `copies` for how many frames of the clip each is
    shown.
    """

    def __init__(
        self, proxy: np.ndarray, frames: np.ndarray, copies: np.ndarray, view: Window
    ) -> None:
        """`proxy` is uint8 (N, h, w, 3), `view` the part of it that is shared."""
        self._proxy = proxy
        self._view = view
        self.frames = frames
        self.copies = copies
        self._coarse = np.empty((len(frames), COARSE[0] * COARSE[1]), np.float16)
        for start in range(0, len(frames), _BLOCK):
            block = np.asarray(proxy[frames[start : start + _BLOCK]])
            self._coarse[start : start + _BLOCK] = signatures(block, view, *COARSE)

    def __len__(self) -> int:
        return len(self.frames)

    def likeness(self, probes: np.ndarray, low: int, high: int) -> np.ndarray:
        """How alike coarse signatures (p, d) and the film frames `low` to `high` are, (p, m)."""
        blocks = [
            probes @ self._coarse[start : min(start + _BLOCK, high)].astype(np.float32).T
            for start in range(low, high, _BLOCK)
        ]
        return np.concatenate(blocks, axis=1)

    def fine(self, low: int, high: int) -> np.ndarray:
        """The fine signatures of film frames `low` to `high`, (m, d)."""
        return signatures(np.asarray(self._proxy[self.frames[low:high]]), self._view, *FINE)
