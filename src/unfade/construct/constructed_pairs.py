"""Which pairs of a film have a constructed picture; imports little, because every command asks."""

import os
from typing import TYPE_CHECKING

from unfade.errors import ProjectError
from unfade.film.construction import construct_path
from unfade.work.job import Job

if TYPE_CHECKING:
    from unfade.project.settings import PairSection


def constructed_frames(job: Job) -> list[int]:
    """The frames of the scan whose picture in film.toml is one that was constructed for them."""
    return [
        pair.source
        for pair in job.project.pair
        if isinstance(pair.reference, str)
        and os.path.normpath(job.resolve(pair.reference))
        == os.path.normpath(job.resolve(construct_path(pair.source, ".exr")))
    ]


def other_pair(job: Job, frame: int) -> "PairSection | None":
    """The pair of film.toml at a frame whose picture is not the one constructed for it, which that
    would replace; None if there is none."""
    if frame in constructed_frames(job):
        return None
    return next((pair for pair in job.project.pair if pair.source == frame), None)


def check_no_other_pair(job: Job, frame: int, but: str = "") -> None:
    """
    Args:
        job: of the film.
        frame: of the scan.
        but: the reference of a pair that may be replaced.

    Raises:
        ProjectError: film.toml has another pair at the frame.
    """
    pair = other_pair(job, frame)
    if pair is not None and str(pair.reference) != but:
        raise ProjectError(
            f"{job.project_file}: source frame {frame} is a pair with {pair.reference}, which "
            f"the constructed frame would replace; choose another frame, or run 'unfade pairs "
            f"drop {job.project_file} {frame}' first"
        )
