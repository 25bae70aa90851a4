"""Proxies: the small pictures of a clip that ingest writes and later stages read."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unfade.errors import WorkError

Proxy = NDArray[np.uint8]
"""Small pictures of a clip's live area, display values, (N, h, w, 3)."""


def load_proxy(path: Path) -> Proxy:
    """The proxy in a file, which stays on disk until its pictures are used.

    Raises:
        WorkError: the file is missing or damaged.
    """
    try:
        pictures = np.load(path, mmap_mode="r")
    except FileNotFoundError as error:
        raise WorkError(f"{path}: is missing; run 'unfade ingest' first") from error
    except (OSError, ValueError, EOFError) as error:
        raise WorkError(f"{path}: is damaged ({error}); run 'unfade ingest' again") from error
    if (pictures.dtype, pictures.ndim, pictures.shape[-1:]) != (np.uint8, 4, (3,)):
        raise WorkError(f"{path}: holds no pictures; run 'unfade ingest' again")
    return np.asarray(pictures)
