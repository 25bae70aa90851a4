"""Edits of the pairs in film.toml, with their checks, for the command line and the studio."""

import os
from pathlib import Path

from unfade.errors import ProjectError
from unfade.film.clip import Clip, Clips
from unfade.project.edit import with_pair, without_pair
from unfade.project.file import parse_project, project_file_text
from unfade.project.settings import PairSection
from unfade.work.job import Job
from unfade.work.progress import SilentProgress


def valid_text(project_file: Path) -> str:
    """The text of a project file.

    Raises:
        ProjectError: it cannot be used.
    """
    text = project_file_text(project_file)
    parse_project(text, project_file)
    return text


def job_of(text: str, project_file: Path) -> Job:
    """The job of a film.toml with a text, which need not be written yet.

    Raises:
        ProjectError: the text cannot be used.
    """
    project = parse_project(text, project_file)
    return Job(project, project_file.absolute().parent, SilentProgress())


def pair_added(text: str, project_file: Path, section: PairSection) -> str:
    """The text of a film.toml with a [[pair]], whose frames exist and are not damaged.

    Raises:
        ProjectError: the pair cannot be used, or scan or reference has no such whole frame.
    """
    new = with_pair(text, section)
    check_frames(job_of(new, project_file), section.source, section)
    return new


def pair_dropped(text: str, project_file: Path, source: int) -> str:
    """The text of a film.toml in which a frame is no pair, and that the machine does not choose.

    Raises:
        ProjectError: the scan has no such frame, or the text cannot be used.
    """
    job = job_of(text, project_file)
    check_frames(job, source)
    new = without_pair(text, source, exclude_frame=bool(job.project.reference))
    parse_project(new, project_file)
    return new


def check_frames(job: Job, source: int, section: PairSection | None = None) -> None:
    """Checks that the scan has a frame and, with a section, that its frames can be a pair; before
    ingest nothing is checked.

    Raises:
        ProjectError: there is no such frame, or a frame of the pair is damaged.
    """
    if not (job.root / Clips.PATH).exists():
        return
    clips = job.clips()
    if section is None:
        check_frame(clips.source, source)
        return
    check_whole_frame(clips.source, source)
    if isinstance(section.reference, int):
        name = job.project.reference_of(section)
        if name in clips.references:
            check_whole_frame(clips.references[name], section.reference)


def check_frame(clip: Clip, frame: int) -> None:
    """
    Raises:
        ProjectError: the clip has no such frame.
    """
    if frame not in clip.frames:
        raise ProjectError(
            f"{clip.path}: has no frame {frame}; choose one of {clip.frames.first} to "
            f"{clip.frames.last}"
        )


def check_whole_frame(clip: Clip, frame: int) -> None:
    """
    Raises:
        ProjectError: the clip has no such frame, or it is damaged, so that it can be in no pair.
    """
    check_frame(clip, frame)
    fault = clip.damage.fault_of(frame)
    if fault is not None:
        raise ProjectError(
            f"{clip.path}: frame {frame} is damaged ({fault}) and shows another one; choose a "
            "frame beside it"
        )


def relative_path(project_file: Path, path: str) -> str:
    """A path as film.toml stores it: relative to the folder of film.toml.

    An absolute path outside that folder stays absolute.
    """
    folder = project_file.absolute().parent
    if os.path.isabs(path) and not Path(path).is_relative_to(folder):
        return path
    return Path(os.path.relpath(path, folder)).as_posix()
