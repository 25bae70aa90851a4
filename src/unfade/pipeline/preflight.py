"""Checks that the files and frames named in film.toml exist, before a stage runs for hours."""

import importlib
import os

from unfade.errors import ProjectError
from unfade.film.stage_names import STAGE_NAMES
from unfade.project.settings import PairSection
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
    """Checks, after ingest, that the scan has the frames that [render] names, and that the control
    points of pairs lie in their pictures.

    Raises:
        ProjectError: it has none of the frames, or the points of a pair do not fit its pictures.
        MediaError: a picture with control points cannot be read.
    """
    render = job.project.render
    if render.first is not None or render.last is not None:
        render.wanted(job.clips().source.frames)
    for pair in job.project.pair:
        check_points(job, pair)


def check_points(job: Job, pair: PairSection) -> None:
    """Checks, after ingest, that the control points of a pair give a transform of its pictures.

    Raises:
        ProjectError: they do not.
        MediaError: the picture of the pair cannot be read.
    """
    if not pair.points:
        return
    # Imported here, because both take a second and few pairs have points.
    by_points = importlib.import_module("unfade.align.transform.control_points")
    media = importlib.import_module("unfade.media")
    clips, picture = job.clips(), by_points.PointPicture
    if isinstance(pair.reference, str):
        size = media.picture_size(job.resolve(pair.reference), job.colors)
        reference = picture.of_size(*size)
    else:
        clip = clips.references.get(job.project.reference_of(pair) or "")
        if clip is None:
            return
        reference = picture.of_clip(clip)
    try:
        by_points.transform_by_points(pair.points, picture.of_clip(clips.source), reference)
    except ValueError as error:
        raise ProjectError(
            f"{job.project_file}: 'points' of the [[pair]] at source frame {pair.source}: {error}"
        ) from error


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
