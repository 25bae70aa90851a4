"""Proxies: the small pictures of a clip that ingest writes and later stages read."""

from pathlib import Path
from tokenize import TokenError

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from unfade.errors import WorkError

_FAULTS = (OSError, ValueError, TypeError, OverflowError, SyntaxError, TokenError, EOFError)
"""What NumPy raises for a damaged header, which it reads as a Python literal."""

Proxy = NDArray[np.uint8]
"""Small pictures of a clip's live area, display values, (N, h, w, 3)."""


def load_proxy(path: Path, count: int) -> Proxy:
    """The proxy in a file, which stays on disk until its pictures are used.

    `count` is the number of frames of its clip.

    Raises:
        WorkError: the file is missing or damaged.
    """
    try:
        # Not np.load, which also opens archives; pickles are refused.
        pictures = open_memmap(path, mode="r")
    except FileNotFoundError as error:
        raise WorkError(f"{path}: is missing; run 'unfade ingest' first") from error
    except _FAULTS as error:
        raise WorkError(f"{path}: is damaged ({error}); run 'unfade ingest' again") from error
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[3] != 3:
        raise WorkError(f"{path}: holds no pictures; run 'unfade ingest' again")
    if len(pictures) != count:
        raise WorkError(
            f"{path}: holds {len(pictures)} pictures instead of {count}; run 'unfade ingest' again"
        )
    return np.asarray(pictures)
