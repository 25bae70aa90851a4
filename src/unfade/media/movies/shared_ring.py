"""Memory that a decoder and the program have in common: the decoder's progress, then slots through
which items pass in turn."""

import mmap
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unfade.media.movies.heartbeat import PROGRESS_ITEMS

_MIN_SLOTS = 3
"""Items in the ring, however large: one is written, one is read, and one waits."""

_MAX_SLOTS = 16
"""Items in the ring, however small: with more than three, the two processes depend less on when
each gets a core; 16 frames of SD take half a second to play, longer than any such wait."""

_RING_BYTES = 64 * 2**20
"""Memory of the slots, unless `_MIN_SLOTS` take more: five frames of 2K in 10 bits."""

_ALIGNMENT_BYTES = 64
"""Start of each buffer in a slot: a cache line, which holds whole samples of every type."""


class SharedRing:
    """Slots of equal size in a file without a name, which vanishes with the processes."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is that of the file; the ring closes it."""
        self._descriptor = descriptor
        if os.fstat(descriptor).st_size < mmap.PAGESIZE:
            os.ftruncate(descriptor, mmap.PAGESIZE)
        head = mmap.mmap(descriptor, mmap.PAGESIZE)
        self.progress: NDArray[np.int64] = np.frombuffer(head, np.int64, PROGRESS_ITEMS)
        self.slot_bytes, self.slots = 0, _MIN_SLOTS
        self._memory: mmap.mmap | None = None

    def __del__(self) -> None:
        os.close(self._descriptor)

    def resize(self, slot_bytes: int) -> None:
        """Makes the slots larger, or maps those that the other process has made so. What they held
        is lost."""
        if slot_bytes == self.slot_bytes:
            return
        slots = min(max(_RING_BYTES // slot_bytes, _MIN_SLOTS), _MAX_SLOTS)
        size = slots * slot_bytes
        if os.fstat(self._descriptor).st_size < mmap.PAGESIZE + size:
            os.ftruncate(self._descriptor, mmap.PAGESIZE + size)
        self._memory = mmap.mmap(self._descriptor, size, offset=mmap.PAGESIZE)
        self.slot_bytes, self.slots = slot_bytes, slots

    def write(self, number: int, buffers: Sequence[memoryview]) -> None:
        """Writes the buffers of item `number`, for which the slots are large enough."""
        for buffer, place in zip(buffers, self.places(number, [*map(len, buffers)]), strict=True):
            place[:] = buffer

    def places(self, number: int, sizes: Sequence[int]) -> list[memoryview]:
        """The memory of item `number`, which has buffers of these sizes in bytes."""
        if self._memory is None:
            return []
        memory, start = memoryview(self._memory), number % self.slots * self.slot_bytes
        places = []
        for size in sizes:
            places.append(memory[start : start + size])
            start += _aligned(size)
        return places

    def release(self) -> None:
        """Gives the memory of all slots back to the system."""
        if self._memory is not None and hasattr(mmap, "MADV_REMOVE"):
            self._memory.madvise(mmap.MADV_REMOVE)


def slot_size(sizes: Sequence[int]) -> int:
    """Bytes of a slot for buffers of these sizes: whole pages, as maps have."""
    pages = -(-sum(map(_aligned, sizes)) // mmap.PAGESIZE)
    return pages * mmap.PAGESIZE


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
