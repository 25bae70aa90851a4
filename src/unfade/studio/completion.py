"""Paths that a person types: their completion, and their place below the opened folder."""

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

from unfade.errors import ProjectError
from unfade.media.stills.reader import STILL_SUFFIXES
from unfade.media.stills.sequences import sequences_of

MAX_COMPLETIONS = 50
"""Names that are offered for what is typed."""

MAX_NAMES = 20_000
"""Names that are grouped for what is typed, in 0.15 s; of more, some are left out until more is
typed."""


def completions(folder: Path, beginning: str, *, as_sequences: bool) -> list[str]:
    """The names in a folder that begin with what is typed; those of folders end with a slash.

    Args:
        folder: a folder; a file, or what is not there, holds no names.
        beginning: what is typed; names that begin with a dot need one.
        as_sequences: whether numbered pictures are one name, such as ``reel.%06d.dpx``.
    """

    def is_offered(entry: os.DirEntry[str]) -> bool:
        is_hidden = entry.name.startswith(".") and not beginning.startswith(".")
        return entry.name.startswith(beginning) and entry.name.isprintable() and not is_hidden

    names: set[str] = set()
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in islice(filter(is_offered, entries), MAX_NAMES):
            names.add(f"{entry.name}/" if entry.is_dir() else entry.name)
    return sorted(_with_sequences(names) if as_sequences else names)[:MAX_COMPLETIONS]


def inside(root: Path, text: str) -> Path:
    """The path below the opened folder that a text names.

    Raises:
        ProjectError: it leads out of the folder.
    """
    try:
        path = (root / text).resolve()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise ProjectError(f"{text}: is no path; choose another") from error
    if not path.is_relative_to(root.resolve()):
        raise ProjectError(
            f"{text}: lies outside {root}, the folder that the studio opened; choose a path in it"
        )
    return path


def _with_sequences(names: set[str]) -> set[str]:
    """The names, with one pattern in the place of the pictures of a sequence."""
    stills = {name for name in names if os.path.splitext(name)[1].lower() in STILL_SUFFIXES}
    sequences = {str(one): names for one, names in sequences_of(sorted(stills)).items()}
    shown = {pattern: frames for pattern, frames in sequences.items() if len(frames) > 1}
    return names - {name for frames in shown.values() for name in frames} | set(shown)
