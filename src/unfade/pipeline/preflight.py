"""Checks that the files and frames named in film.toml exist, before a stage runs for hours."""

import importlib
import os

from unfade.errors import ProjectError
from unfade.film.stage_names import STAGE_NAMES
from unfade.work.job import Job


def check(job: Job, last: str) -> None:
    """Checks that the files that the stages up to `last` need exist.

    Raises:
        ProjectError: there is nothing to take colour from, or a file is missing.
    """
    project_path = job.project_file
    project = job.project
    _check_patterns(job)
    if last == STAGE_NAMES[0]:
        return
    if not project.has_colour():
        raise ProjectError(
            f"{project_path}: names nothing to take colour from; add a [reference], or paint "
            f"frames: 'unfade pairs export {project_path} FRAME', then "
            f"'unfade pairs add {project_path} FRAME PICTURE'"
        )
    for pair in project.pair:
        picture = pair.reference
        if isinstance(picture, str) and not os.path.isfile(job.resolve(picture)):
            raise ProjectError(
                f"{project_path}: the [[pair]] at source frame {pair.source} names {picture}, "
                "which is not there; restore the file or change 'reference'"
            )
    start = project.train.start_from
    if start is not None and not os.path.isfile(job.resolve(start)):
        raise ProjectError(
            f"{project_path}: 'train.start_from' names {start}, which is not there; restore the "
            "model's file or remove the line"
        )


def check_frames(job: Job) -> None:
    """Checks, after ingest, that the scan has the frames that [render] names.

    Raises:
        ProjectError: it has none of them.
    """
    render = job.project.render
    if render.first is not None or render.last is not None:
        render.wanted(job.clips().source.frames)


def _check_patterns(job: Job) -> None:
    """Checks the paths of clips for wildcards of a shell and for backslashes.

    Raises:
        ProjectError: such a path does not exist, but the sequence that it probably means does.
    """
    for name, clip in (
        ("source", job.project.source),
        *(("reference", one) for one in job.project.reference),
    ):
        if not {"*", "?", "[", "\\"} & {*clip.path}:
            continue
        path = job.resolve(clip.path)
        # Imported here, because media takes a second and most paths are plain.
        suggestion = importlib.import_module("unfade.media.stills.sequences").suggested_path(path)
        if suggestion is not None:
            raise ProjectError(
                f"{job.project_file}: '{name}.path' is '{clip.path}', which is not there; "
                f"{os.path.relpath(suggestion, job.root)} is, name that"
            )
