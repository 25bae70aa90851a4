"""Checks the files, frames and settings of film.toml before a stage runs for hours."""

import importlib
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from unfade.construct.constructed_pairs import constructed_frames
from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Clip
from unfade.film.file_pattern import parse_file_pattern
from unfade.film.stage_names import STAGE_NAMES, folder_name
from unfade.film.time import FrameRange
from unfade.pipeline.disk_space import check_disk_space
from unfade.project.settings import PairSection
from unfade.work.elements import files_of
from unfade.work.job import Job
from unfade.work.series import load_series


def check(job: Job, last: str, due: Collection[str]) -> None:
    """Checks what can be known before ingest.

    Args:
        job: the project and its work directory.
        last: the last stage that runs.
        due: the stages that may run: the first that is not fresh or runs again, and all after it
            up to `last`.

    Raises:
        ProjectError: there is nothing to take colour from, a file is missing or cannot be used, the
            scan lacks a frame that film.toml names, or settings contradict each other.
        WorkError: the folder of a stage cannot be written to, or another film of the series has no
            targets yet.
    """
    _check_patterns(job)
    if last == STAGE_NAMES[0]:
        return
    if last != "curate":
        _check_colour(job)
    _check_files(job)
    _check_constructed(job)
    _check_folders(job, due)
    frames = frames_by_name(job)
    if frames is not None:
        _check_frames(job, frames)
    if "train" in due:
        _check_earlier_model(job)
        load_series(job)
    if "render" in due and job.project.render.strict:
        render = importlib.import_module("unfade.render.stage")
        render.check_masters_space(job.project.render, job.colors)
    if "deliver" in due:
        _check_signer(job)
        _check_movies(job, None)


def check_scan(job: Job, due: Collection[str]) -> None:
    """Checks, after ingest, what depends on frames, size and rate of the scan.

    Args:
        job: the project and its work directory.
        due: as of `check`.

    Raises:
        ProjectError: the scan lacks a frame that film.toml names, the control points of a pair do
            not fit its pictures, or the codec of the review movies has no such size or rate.
        MediaError: a picture with control points cannot be read.
        WorkError: the masters do not fit on the disk.
    """
    source = None
    with suppress(WorkError):  # The next stage reports it.
        source = job.clips().source
    if source is None:
        return
    _check_frames(job, source.frames)
    for pair in job.project.pair:
        check_points(job, pair)
    if "render" in due:
        check_disk_space(job, source)
    if "deliver" in due:
        _check_movies(job, source)


def _check_colour(job: Job) -> None:
    """
    Raises:
        ProjectError: there is nothing to take colour from.
    """
    project_path = job.project_file
    if not job.project.has_colour():
        raise ProjectError(
            f"{project_path}: names nothing to take colour from; add a [reference], state colours "
            f"of frames with 'unfade construct {project_path} FRAME', or paint frames: "
            f"'unfade pairs export {project_path} FRAME', then "
            f"'unfade pairs add {project_path} FRAME PICTURE'"
        )


def _check_files(job: Job) -> None:
    """
    Raises:
        ProjectError: a file is missing.
    """
    project_path, project = job.project_file, job.project
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


def _check_constructed(job: Job) -> None:
    """
    Raises:
        ProjectError: what is assumed of a constructed frame is missing, or was changed since.
    """
    for frame in constructed_frames(job):
        # Imported here, because it takes a second and few films have constructed frames.
        assumptions = importlib.import_module("unfade.construct.assumptions")
        assumptions.read_assumptions(job, frame)


def _check_folders(job: Job, due: Collection[str]) -> None:
    """
    Raises:
        WorkError: the folder of a stage cannot be written to.
    """
    for folder in (job.root / folder_name(name) for name in due):
        if os.path.lexists(folder) and not (folder.is_dir() and os.access(folder, os.W_OK)):
            if not folder.exists():
                raise WorkError(
                    f"{folder}: is a link to {os.readlink(folder)}, which is not there; connect "
                    "its disk, or remove the link"
                )
            raise WorkError(
                f"{folder}: is no folder that you may write to; give yourself write permission "
                "there, or move it elsewhere"
            )


def frames_by_name(job: Job) -> FrameRange | None:
    """The frames of a scan of numbered files, by their names; None for others, which ingest counts,
    and for files that ingest refuses."""
    section = job.project.source
    path = job.resolve(section.path)
    pattern = None
    with suppress(ValueError):
        pattern = parse_file_pattern(path)
    if pattern is None:
        return None
    names = files_of(path).names
    numbers = [number for number in map(pattern.number_in, names) if number is not None]
    if not numbers:
        return None
    first = min(numbers) if section.first is None else section.first
    last = max(numbers) if section.last is None else section.last
    if not min(numbers) <= first <= last <= max(numbers):
        return None
    return FrameRange(first=first, last=last)


def _check_frames(job: Job, frames: FrameRange) -> None:
    """
    Raises:
        ProjectError: a scan with these frames lacks one that film.toml names.
    """
    project = job.project
    if project.render.first is not None or project.render.last is not None:
        project.render.wanted(frames)
    named = {
        "train.preview": project.train.preview,
        "curate.add": project.curate.add,
        "curate.drop": project.curate.drop,
    }
    for key, numbers in named.items():
        missing = [number for number in numbers if number not in frames]
        if missing:
            raise ProjectError(
                f"{job.project_file}: '{key}' names frame {missing[0]}, but the scan has the "
                f"frames {frames.first} to {frames.last}; name one of these, or remove it"
            )


def _check_earlier_model(job: Job) -> None:
    """
    Raises:
        ProjectError: 'train.start_from' names no model of the size that is trained.
    """
    settings = job.project.train
    if settings.start_from is not None:
        start_from = importlib.import_module("unfade.train.fit.start_from")
        start_from.load_earlier(Path(job.resolve(settings.start_from)), settings.size)


def _check_signer(job: Job) -> None:
    """
    Raises:
        ProjectError: certificate or key cannot be used, or the package for it is missing.
    """
    certificate, key = job.project.deliver.c2pa_certificate, job.project.deliver.c2pa_key
    if certificate is not None and key is not None:
        media = importlib.import_module("unfade.media")
        media.check_signer(Path(job.resolve(certificate)), Path(job.resolve(key)))


def _check_movies(job: Job, source: Clip | None) -> None:
    """
    Raises:
        ProjectError: the codec of the review movies has no such size or rate.
    """
    is_known = job.project.deliver.size is not None or job.project.source.rate is not None
    if job.project.deliver.movie != "none" and (is_known or source is not None):
        importlib.import_module("unfade.deliver.stage").check_movies(job, source)


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
