"""The reference's film frames, indexed by their signatures."""

import numpy as np

from unfade.curate.matching.signature import Window, signatures

COARSE_SIZE_PX = (24, 18)
"""Width and height of the signatures with which a section is searched for in the whole reference:
small, because there are many."""
FINE_SIZE_PX = (96, 72)
"""Width and height of the signatures with which single frames are matched."""
_BLOCK_FRAMES = 1024
"""Number of frames processed at a time, which bounds memory."""


class ReferenceIndex:
    """Film frames of a reference, numbered from 0, without torn and repeated frames of the clip.

    `frames` are their indices in the proxy, `copies` the numbers of frames of the clip that show
    each.
    """

    def __init__(
        self, proxy: np.ndarray, frames: np.ndarray, copies: np.ndarray, view: Window
    ) -> None:
        """`proxy` is uint8 (N, h, w, 3), `view` its part that the source shows too."""
        self._proxy = proxy
        self._view = view
        self.frames = frames
        self.copies = copies
        self._coarse = np.empty((len(frames), COARSE_SIZE_PX[0] * COARSE_SIZE_PX[1]), np.float16)
        for start in range(0, len(frames), _BLOCK_FRAMES):
            block = np.asarray(proxy[frames[start : start + _BLOCK_FRAMES]])
            self._coarse[start : start + _BLOCK_FRAMES] = signatures(block, view, *COARSE_SIZE_PX)

    def __len__(self) -> int:
        return len(self.frames)

    def similarity(self, probes: np.ndarray, low: int, high: int) -> np.ndarray:
        """Similarity of coarse signatures (p, d) and the film frames `low` to `high`, (p, m)."""
        blocks = [
            probes @ self._coarse[start : min(start + _BLOCK_FRAMES, high)].astype(np.float32).T
            for start in range(low, high, _BLOCK_FRAMES)
        ]
        return np.concatenate(blocks, axis=1)

    def fine(self, low: int, high: int) -> np.ndarray:
        """Fine signatures of the film frames `low` to `high`, (m, d)."""
        return signatures(np.asarray(self._proxy[self.frames[low:high]]), self._view, *FINE_SIZE_PX)
