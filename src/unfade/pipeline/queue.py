"""The order of several films, in which every film of a series learns from the pairs of all."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from unfade.errors import UnfadeError
from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline.stages import check_stages
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.series import series_places

LAST_BEFORE_TRAINING = "target"
"""The stage up to which a film has run when others of its series can train with its pairs."""


@dataclass(frozen=True)
class Turn:
    """A run of a film: from `first` to `last`, as of `pipeline.run`."""

    project_file: Path
    first: str | None
    last: str | None


def turns(
    project_files: Sequence[Path], first: str | None = None, last: str | None = None
) -> list[Turn]:
    """The turns of films: each runs to the end, in order. Films from which others of the queue
    learn run up to target before that.

    A film whose film.toml cannot be used keeps its turn, in which it fails.

    Args:
        project_files: of the films.
        first: as of `pipeline.run`, for each film.
        last: as of `pipeline.run`, for each film.

    Raises:
        UnfadeError: there is no such stage, or the first one comes after the last one.
    """
    check_stages(first, last)
    place = STAGE_NAMES.index
    start, end = place(first) if first else 0, place(last) if last else len(STAGE_NAMES)
    if not start <= place(LAST_BEFORE_TRAINING) < end:
        return [Turn(one, first, last) for one in project_files]
    needed = _needed_by_others(project_files)
    early = [one for one in project_files if _folder(one) in needed]
    late = [Turn(one, None if one in early else first, last) for one in project_files]
    return [*(Turn(one, first, LAST_BEFORE_TRAINING) for one in early), *late]


def _needed_by_others(project_files: Iterable[Path]) -> set[str]:
    """The folders of the films with whose pairs others train."""
    folders: set[str] = set()
    for file in project_files:
        with suppress(UnfadeError):
            job = Job(load_project(file), file.absolute().parent, SilentProgress())
            folders |= {str(one.folder) for one in series_places(job) if one.place}
    return folders


def _folder(project_file: Path) -> str:
    return os.path.realpath(project_file.absolute().parent)
