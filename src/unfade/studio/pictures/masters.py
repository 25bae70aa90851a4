"""The masters of a film: names and checksum of their files, without the rest of their record."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unfade.errors import WorkError
from unfade.film.noun import check_file_name
from unfade.film.rendering import Rendering
from unfade.work.record_files import read_record

KEPT_FILMS = 8
"""Films whose masters stay in memory: 7 MB for 150,000 frames."""

_FAULTS = (ValueError, LookupError, TypeError, OverflowError, RecursionError)
"""What a text raises that is no record of a rendering."""

_lock = Lock()
"""One record is read at a time, because each takes memory for all of its text."""


@dataclass(frozen=True)
class Masters:
    """The masters on disk.

    `frames` ascend; `names` are the files, one a line, that of a frame from its place in `starts`.
    A long film has many, and a string for each would take ten times as much memory. `sha256` is
    `Rendering.masters_sha256`.
    """

    frames: NDArray[np.int64]
    names: str
    starts: NDArray[np.int64]
    colorspace: str
    version: int
    model_id: str
    sha256: str

    def file_of(self, frame: int) -> str | None:
        """The name of the master of a frame; None if it has none."""
        index = int(np.searchsorted(self.frames, frame))
        if index == len(self.frames) or self.frames[index] != frame:
            return None
        name = self.names[self.starts[index] : self.starts[index + 1] - 1]
        return name


def load_masters(root: Path) -> Masters:
    """The masters in a work directory, from memory if their record is unchanged.

    Raises:
        WorkError: the record is missing or damaged.
    """
    path = root / Rendering.PATH
    try:
        stat = path.stat()
        with _lock:
            return _masters_at(path, stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError as error:
        raise WorkError(f"{path}: is missing; run 'unfade render' first") from error
    except (OSError, *_FAULTS) as error:
        raise WorkError(f"{path}: is damaged ({error}); run 'unfade render' again") from error


@lru_cache(KEPT_FILMS)
def _masters_at(path: Path, _size: int, _mtime_ns: int) -> Masters:
    return masters_in(read_record(path))


def masters_in(text: str) -> Masters:
    """The masters in the text of a `Rendering`, whose records are let go one by one: those of
    150,000 frames take 0.4 GB, of which Python gives half back.

    Raises:
        Exception: one of `_FAULTS`: it is no such text.
    """
    files: list[tuple[int, str]] = []
    digest = hashlib.sha256()

    def keep(fields: dict[str, Any]) -> dict[str, Any] | None:
        if "file" not in fields:
            return fields
        files.append((int(fields["frame"]), check_file_name(str(fields["file"]))))
        digest.update(f"{fields['sha256']}  {fields['file']}\n".encode())
        return None

    record = json.loads(text, object_hook=keep)
    if record["schema"] != Rendering.SCHEMA:
        raise ValueError(f"holds {record['schema']}, expected {Rendering.SCHEMA}")
    files.sort()
    return Masters(
        frames=np.array([frame for frame, _ in files], np.int64),
        names="\n".join(name for _, name in files),
        starts=np.cumsum([0, *(len(name) + 1 for _, name in files)], dtype=np.int64),
        colorspace=str(record["colorspace"]),
        version=int(record["version"]),
        model_id=str(record["model_id"]),
        sha256=digest.hexdigest(),
    )
