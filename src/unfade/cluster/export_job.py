"""Writes the job bundle of a film, which render managers run."""

import json
import os
from pathlib import Path

from unfade.cluster.job_bundle import RenderJob, bundle
from unfade.errors import WorkError
from unfade.film.clip import Clips
from unfade.film.damage import Damage
from unfade.film.pair import PairList
from unfade.film.time import FrameRange
from unfade.pipeline.preflight import frames_by_name
from unfade.pipeline.stages import STAGES
from unfade.project.color_config import is_file
from unfade.work.elements import files_of
from unfade.work.job import Job
from unfade.work.units import ranges
from unfade.work.writing import make_folder, write_text


def export_job(job: Job, project_file: Path, folder: Path, frames_a_task: int | None) -> int:
    """Writes a job bundle to a new folder.

    Args:
        job: the project and its work directory.
        project_file: the absolute path of film.toml.
        folder: of the bundle; it must not exist, or be empty.
        frames_a_task: number of frames that a task renders; None is that of a unit of work, whose
            results the run that follows takes over.

    Returns:
        The number of tasks that render.

    Raises:
        ProjectError: the range of [render] has no frame of the scan, or only skipped ones.
        WorkError: the frames to render are not known before ingest or curate, or the folder holds
            files or cannot be made.
    """
    frames = _frames_to_render(job, project_file)
    tasks = [FrameRange(first=part[0], last=part[-1]) for part in ranges(frames, frames_a_task)]
    files, folders = _elements(job)
    make_folder(folder)
    if any(folder.iterdir()):
        raise WorkError(f"{folder}: is not empty; name a new folder for the job")
    made = bundle(RenderJob(job.project.film.title, project_file, tasks, files, folders))
    for name, content in made.items():
        write_text(folder / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return len(tasks)


def _frames_to_render(job: Job, project_file: Path) -> list[int]:
    """The frames that get a master, as ingest found the scan, else by the names of its files.

    Raises:
        ProjectError: the scan has none of them, or only skipped ones.
        WorkError: they are not known yet.
    """
    clips, settings = job.load_if_made(Clips), job.project.render
    frames = clips.source.frames if clips else frames_by_name(job)
    if frames is None or (clips is None and job.project.source.damaged == "skip"):
        raise WorkError(
            f"{project_file}: the frames of its scan are known after ingest; run 'unfade ingest' "
            "first"
        )
    shots = job.load(PairList).shots if settings.range == "validation" else ()
    rendered, _ = settings.rendered(frames, clips.source.damage if clips else Damage(), shots)
    return rendered


def _elements(job: Job) -> tuple[list[str], list[str]]:
    """The files, and the folders of sequences, that stages read outside the work directory."""
    named = {path for stage in STAGES for path in stage.elements(job).values()}
    config = job.project.film.ocio
    if config is not None and is_file(config):
        named.add(config)
    files, folders, root = set(), set(), os.path.realpath(job.root)
    for path in map(job.resolve, named):
        found = files_of(path).paths()
        folder = os.path.dirname(found[0]) if found else root
        if Path(os.path.realpath(folder)).is_relative_to(root):
            continue
        if found == [path]:
            files.add(os.path.normpath(path))
        else:
            folders.add(os.path.normpath(folder))
    return sorted(files), sorted(folders)
