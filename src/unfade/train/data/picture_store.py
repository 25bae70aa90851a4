"""Training pictures on disk, so that memory does not grow with their number.

The file has no name and is gone when the store is, even if the process is killed.
"""

import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
import torch

from unfade.errors import WorkError
from unfade.film.pair import PairRole
from unfade.train.data.pixels import NetworkFrame, NetworkPicture

PLANES = [3, 3, 3, 1]
"""Planes of a stored picture: source, source without grain, ground truth, weight."""


@dataclass(frozen=True)
class PictureKey:
    """Which picture it is: the numbers of its frame and shot, its role, and the frame of the pair
    that its chroma is from."""

    frame: int
    shot: int
    role: PairRole
    pair_frame: int


@dataclass(frozen=True)
class _Entry:
    """A picture in the file: `height` and `width` in pixels, `offset` in bytes."""

    key: PictureKey
    height: int
    width: int
    offset: int


class _File:
    """A temporary file that several threads may read and extend."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or tempfile.gettempdir()
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._lock = Lock()

    def write(self, values: np.ndarray) -> int:
        """Appends values; their offset in bytes.

        Raises:
            WorkError: there is no room for them.
        """
        with self._lock:
            offset = self._file.seek(0, 2)
            try:
                self._file.write(values.tobytes())
                self._file.flush()
            except OSError as error:
                raise WorkError(
                    f"{self._folder}: cannot hold the pictures of training ({error.strerror}); "
                    "make free space there"
                ) from error
            return offset

    def read(self, offset: int, count: int) -> np.ndarray:
        """`count` values from an offset in bytes."""
        values = np.empty(count, np.float32)
        with self._lock:
            self._file.seek(offset)
            self._file.readinto(values.data)
        return values


class PictureStore(Sequence[NetworkPicture]):
    """Pictures on the networks' raster, read from disk each time they are asked for."""

    def __init__(self, pictures: Iterable[NetworkPicture] = (), folder: Path | None = None) -> None:
        """A store of pictures, in a folder with room for them; none for that of the system."""
        self._file = _File(folder)
        self._entries: list[_Entry] = []
        self.extend(pictures)

    @property
    def keys(self) -> list[PictureKey]:
        """Which pictures these are, in order."""
        return [entry.key for entry in self._entries]

    def extend(self, pictures: Iterable[NetworkPicture]) -> None:
        """Adds pictures at the end."""
        self._entries.extend(map(self._written, pictures))

    def replace(self, index: int, picture: NetworkPicture) -> None:
        """Puts a picture in the place of another, which other stores of the file keep."""
        self._entries[index] = self._written(picture)

    def key(self, index: int) -> PictureKey:
        """Which picture one of them is."""
        return self._entries[index].key

    def subset(self, indices: Iterable[int]) -> "PictureStore":
        """Some of the pictures, in the same file."""
        some = PictureStore.__new__(PictureStore)
        some._file = self._file
        some._entries = [self._entries[index] for index in indices]
        return some

    def empty(self) -> "PictureStore":
        """No pictures yet, in the same file."""
        return self.subset([])

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[NetworkPicture]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> NetworkPicture:  # type: ignore[override]
        entry = self._entries[index]
        shape = (sum(PLANES), entry.height, entry.width)
        values = self._file.read(entry.offset, shape[0] * shape[1] * shape[2])
        planes = torch.split(torch.from_numpy(values.reshape(shape)), PLANES)
        source_rgb, clean_rgb, truth_ycbcr, weight = planes
        frame = NetworkFrame(source_rgb, clean_rgb, entry.key.frame, entry.key.shot)
        return NetworkPicture(frame, truth_ycbcr, weight, entry.key.role, entry.key.pair_frame)

    def _written(self, one: NetworkPicture) -> _Entry:
        planes = torch.cat([one.frame.source_rgb, one.frame.clean_rgb, one.truth_ycbcr, one.weight])
        offset = self._file.write(planes.numpy())
        key = PictureKey(one.frame.number, one.frame.shot, one.role, one.pair_frame)
        height, width = one.weight.shape[1:]
        return _Entry(key, height, width, offset)


@dataclass(frozen=True)
class StoredPicture:
    """Picture `index` of `pictures`, not yet read."""

    pictures: PictureStore
    index: int

    @property
    def key(self) -> PictureKey:
        """Which picture it is."""
        return self.pictures.key(self.index)

    def read(self) -> NetworkPicture:
        """The picture."""
        return self.pictures[self.index]
