"""Writes the LUT of a film or of a shot, for programs of grading and compositing."""

from pathlib import Path

from unfade.errors import ProjectError
from unfade.film.model import TrainedModel
from unfade.film.naming import lut_title
from unfade.film.stage_names import folder_name
from unfade.media import write_lut
from unfade.model import load_baseline
from unfade.work.job import Job


def export_lut(job: Job, path: Path, shot: int | None = None, nodes: int | None = None) -> None:
    """Writes the LUT that was fitted to the training pairs of a film, or of one shot.

    Args:
        job: the project and its work directory, after train.
        path: the file, ``.cube`` or ``.clf``.
        shot: number of a shot with pairs; none for the film's.
        nodes: along each axis, as of `media.write_lut`.

    Raises:
        ProjectError: the shot has no LUT of its own, or the file's format or nodes are not offered.
        WorkError: train has not run, or the file cannot be written.
    """
    trained = job.load(TrainedModel)
    baseline = load_baseline(job.root / folder_name("train") / trained.baseline_file)
    if shot is not None and shot not in baseline.shots:
        others = ", ".join(map(str, sorted(baseline.shots))) or "none"
        raise ProjectError(
            f"--shot: {shot} has no LUT of its own; shots that have one: {others}; leave out "
            "--shot for the film's"
        )
    lut = baseline.film if shot is None else baseline.shots[shot]
    write_lut(path, lut, lut_title(job.project.film.title, shot), nodes)
