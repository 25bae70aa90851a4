"""What film.toml asks for and is not there, found before a stage runs for hours."""

import importlib
import os
from pathlib import Path

from unfade.errors import ProjectError
from unfade.film.stage_names import STAGE_NAMES
from unfade.project.paths import PROJECT_FILE
from unfade.work.job import Job


def check(job: Job, last: str) -> None:
    """Whether the stages up to `last` can find what film.toml names.

    Raises:
        ProjectError: there is nothing to take colour from, or a file is missing.
    """
    place = _place(job)
    project = job.project
    _check_spelling(job)
    if last == STAGE_NAMES[0]:
        return
    if not project.has_colour():
        raise ProjectError(
            f"{place}: names nothing to take colour from; add a [reference], or paint frames: "
            f"'unfade pairs export {place} FRAME', then 'unfade pairs add {place} FRAME PICTURE'"
        )
    for pair in project.pair:
        picture = pair.reference
        if isinstance(picture, str) and not os.path.isfile(job.resolve(picture)):
            raise ProjectError(
                f"{place}: the [[pair]] at source frame {pair.source} names {picture}, which is "
                "not there; restore the file or change 'reference'"
            )
    start = project.train.start_from
    if start is not None and not os.path.isfile(job.resolve(start)):
        raise ProjectError(
            f"{place}: 'train.start_from' names {start}, which is not there; restore the model's "
            "file or take the line out"
        )


def check_frames(job: Job) -> None:
    """Whether the scan, as ingest found it, has frames to be rendered; render is hours away.

    Raises:
        ProjectError: it has none.
    """
    render = job.project.render
    if render.first is not None or render.last is not None:
        render.wanted(job.clips().source.frames)


def _place(job: Job) -> Path:
    """The project file, or its folder where it has another name."""
    place = job.root / PROJECT_FILE
    return place if place.is_file() else job.root


def _check_spelling(job: Job) -> None:
    """Patterns that only a shell or another system understands."""
    for name, clip in (
        ("source", job.project.source),
        *(("reference", one) for one in job.project.reference),
    ):
        if not {"*", "?", "[", "\\"} & {*clip.path}:
            continue
        path = job.resolve(clip.path)
        # Imported here, because media takes a second and most paths are plain.
        meant = importlib.import_module("unfade.media.stills.sequences").suggested_path(path)
        if meant is not None:
            raise ProjectError(
                f"{_place(job)}: '{name}.path' is '{clip.path}', which is not there; "
                f"{os.path.relpath(meant, job.root)} is, name that"
            )
