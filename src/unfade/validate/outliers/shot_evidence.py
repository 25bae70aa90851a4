"""The evidence of the frames of a shot, of which memory holds a few figures a frame.

The block means, 3 KB a frame, are read several times. Those of a long shot lie on disk.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile

import numpy as np
from numpy.typing import NDArray

from unfade.errors import WorkError
from unfade.validate.outliers.evidence import BLOCKS, FrameEvidence, Plane

MAX_HELD_BYTES = 16 * 2**20
"""Bytes of block means that memory holds: 5,800 frames, four minutes, which few shots exceed."""

CHUNK_FRAMES = 256
"""Frames whose block means are worked on at a time: about 20 MB with what is derived from them."""

_BLOCK_MEANS = np.dtype(
    [("source", np.float32, (3, *BLOCKS[::-1])), ("chroma", np.float32, (2, *BLOCKS[::-1]))]
)

_FIGURES = np.dtype(
    [
        ("frame", np.int64),
        ("shot", np.int64),
        ("wrong", np.float64),
        ("offset", np.float64, 2),
        ("shift", np.float64, 2),
        ("unsupported", np.float64),
        ("band", np.float64),
        ("plateau", np.float64),
        ("skin", np.float64, 5),
        ("rim", np.float64, 4),
        ("predicted", np.float64),
    ]
)


@dataclass(frozen=True)
class BlockChunk:
    """Block means of consecutive frames: `source` (n, 3, 9, 16) and `chroma` (n, 2, 9, 16).

    `frames` are their places in the shot. `own` are the places among the n frames of those that no
    other chunk has as its own; the others are neighbours of these.
    """

    frames: slice
    own: slice
    source: Plane
    chroma: Plane


class ShotEvidence:
    """Takes the evidence of the frames of a shot in order; its temporary file lasts as long."""

    def __init__(self, folder: Path) -> None:
        """No frame has come yet; `folder` is that of the temporary file of a long shot."""
        self._folder = folder
        self._file = SpooledTemporaryFile(MAX_HELD_BYTES, dir=str(folder))  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._rows = bytearray()

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._rows) // _FIGURES.itemsize

    @property
    def figures(self) -> NDArray[np.void]:
        """The figures of all frames, with the names of `FrameEvidence`. `skin` is NaN without skin,
        `predicted` is the predicted error."""
        return np.frombuffer(self._rows.copy(), _FIGURES)

    def add(self, one: FrameEvidence, predicted: float) -> None:
        """Takes the evidence and the predicted error of the next frame; none after `chunks`.

        Raises:
            WorkError: the temporary file cannot be written.
        """
        skin = np.full(5, np.nan) if one.skin is None else one.skin
        marks = (one.unsupported, one.band, one.plateau)
        row = (one.frame, one.shot, one.wrong, one.offset, one.shift, *marks, skin, one.rim)
        self._rows += np.array((*row, predicted), _FIGURES).tobytes()
        with _writing_in(self._folder):
            self._file.write(np.array((one.source_blocks, one.blocks), _BLOCK_MEANS).tobytes())

    def chunks(self) -> Iterator[BlockChunk]:
        """The block means of all frames, `CHUNK_FRAMES` at a time, with one neighbour at each end.

        Raises:
            WorkError: the temporary file cannot be written.
        """
        size = _BLOCK_MEANS.itemsize
        for start in range(0, len(self), CHUNK_FRAMES):
            stop = min(start + CHUNK_FRAMES, len(self))
            first, end = max(start - 1, 0), min(stop + 1, len(self))
            with _writing_in(self._folder):
                self._file.seek(first * size)
                held = bytearray(self._file.read((end - first) * size))
            means = np.frombuffer(held, _BLOCK_MEANS)
            own = slice(start - first, stop - first)
            yield BlockChunk(slice(first, end), own, means["source"], means["chroma"])


@contextmanager
def _writing_in(folder: Path) -> Iterator[None]:
    """Work on a temporary file in a folder. A read writes what is buffered before.

    Raises:
        WorkError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise WorkError(
            f"{folder}: a temporary file cannot be written ({error.strerror or error}); "
            "check write permission and free space there"
        ) from error
