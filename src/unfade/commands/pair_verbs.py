"""The verbs of `unfade pairs`; `pairs` declares their arguments and options."""

import os
from collections.abc import Sequence
from pathlib import Path

from unfade.api import check_curate_finished
from unfade.commands.console import progress, tell
from unfade.commands.pair_table import pair_table
from unfade.commands.terminal import show
from unfade.errors import ProjectError
from unfade.film.clip import Clips
from unfade.film.wording import counted
from unfade.pipeline import preflight
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project, parse_project, section_of_options
from unfade.project.settings import PairSection, Project
from unfade.work.job import Job
from unfade.work.pair_edits import (
    check_frames,
    check_whole_frame,
    job_of,
    pair_added,
    pair_dropped,
    relative_path,
    valid_text,
)
from unfade.work.pair_records import PairRecords
from unfade.work.progress import SilentProgress
from unfade.work.project_writing import replace_project_text
from unfade.work.why import explain_frame

_MAX_FRAME_DIGITS = 100
"""Digits of a frame number; a longer argument is taken for the name of a picture, because Python
refuses to convert numbers of thousands of digits."""

_ADD_OPTIONS = {
    "source": "SOURCE",
    "reference": "REFERENCE",
    "of": "--of",
    "aligned": "--aligned",
    "points": "--point",
    "colorspace": "--colorspace",
    "note": "--note",
}
"""The arguments and options of `add` by the key of [[pair]] that they set, for messages."""


def show_pairs(project_file: Path) -> None:
    """Prints a table of all pairs."""
    job = _job(project_file, load_project(project_file))
    check_curate_finished(job, project_file)
    show(pair_table(PairRecords.of(job)))
    _print_stale_stages(job)


def add_pair(
    project_file: Path,
    reference: str,
    *,
    role: str,
    kind: str | None,
    points: Sequence[str] = (),
    **fields: object,
) -> None:
    """Writes a [[pair]] to film.toml.

    Args:
        project_file: the path of film.toml.
        reference: a frame number of the reference, or the path of a picture.
        role: "train", "holdout" or "test".
        kind: "direct" or "constructed"; None for "constructed" if the reference is a picture, else
            "direct".
        points: control points as "SX,SY,RX,RY"; without any, those in film.toml stay.
        fields: the other keys of [[pair]].

    Raises:
        ProjectError: a value is not valid, or there is no such frame or picture.
    """
    is_picture = not (reference.isdecimal() and len(reference) <= _MAX_FRAME_DIGITS)
    kind = kind or ("constructed" if is_picture else "direct")
    _check_choice("role", role, ("train", "holdout", "test"))
    _check_choice("kind", kind, ("direct", "constructed"))
    if is_picture and not os.path.exists(reference):
        raise ProjectError(
            f"{reference}: is not there; name a picture, or a frame number of the reference"
        )
    if points:
        fields["points"] = tuple(_control_point(text) for text in points)
    section = section_of_options(
        PairSection,
        _ADD_OPTIONS,
        reference=relative_path(project_file, reference) if is_picture else int(reference),
        kind=kind,
        role=role,
        **fields,
    )
    _write_pair(project_file, section, is_picture)


def _write_pair(project_file: Path, section: PairSection, is_picture: bool) -> None:
    """Writes a [[pair]] to film.toml after checking its frames, its picture and its points."""
    from unfade.media.painted import describe_placement

    seen = valid_text(project_file)
    text = pair_added(seen, project_file, section)
    job = job_of(text, project_file)
    _check_points(job, section.source)
    placement = f" ({describe_placement(job, section)})" if is_picture else ""
    points = _describe_points(parse_project(seen, project_file), job.project, section.source)
    replace_project_text(project_file, seen, text)
    tell(
        f"{project_file}: source frame {section.source} is a pair of kind '{section.kind}'"
        f"{points or placement}; now: unfade run {project_file}"
    )


def export_frames(project_file: Path, frames: Sequence[int], out: Path | None) -> None:
    """Writes frames of the scan to `out`, or to a folder beside film.toml."""
    from unfade.commands.pair_export import OVERLAY, PAINT_FOLDER, write_frames

    project = load_project(project_file)
    with progress(quiet=False) as display:
        job = Job(project, project_file.absolute().parent, display)
        pipeline.run(job, last="ingest")
    for frame in frames:
        check_whole_frame(job.clips().source, frame)
    for path in write_frames(job, frames, out or project_file.parent / PAINT_FOLDER):
        what = "a layer that shades the outside of the live area"
        tell(f"{path}: written ({what if path.name == OVERLAY else '16 bits'})")
    tell(
        "Paint on them without changing size or colour space, save as PNG or TIFF of 16 bits, "
        f"then: unfade pairs add {project_file} FRAME PICTURE"
    )


def drop_pair(project_file: Path, source: int) -> None:
    """Removes the pair at a frame, whoever chose it, and excludes the frame from the choice."""
    seen = valid_text(project_file)
    replace_project_text(project_file, seen, pair_dropped(seen, project_file, source))
    tell(f"{project_file}: source frame {source} is no pair; now: unfade run {project_file}")


def explain_choice(project_file: Path, source: int) -> None:
    """Prints why a frame is a pair or is not, and which sheets show it."""
    job = _job(project_file, load_project(project_file))
    check_curate_finished(job, project_file)
    records = PairRecords.of(job)
    check_frames(job, source)
    for sentence in explain_frame(records, source):
        tell(sentence)
    _print_stale_stages(job)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """
    Raises:
        ProjectError: the value is not among the choices.
    """
    if value not in choices:
        raise ProjectError(f"there is no {name} '{value}'; use {' or '.join(choices)}")


def _job(project_file: Path, project: Project) -> Job:
    return Job(project, project_file.absolute().parent, SilentProgress())


def _control_point(text: str) -> tuple[float, ...]:
    """
    Raises:
        ProjectError: the text is not four numbers.
    """
    try:
        position = tuple(float(number) for number in text.split(","))
    except ValueError:
        position = ()
    if len(position) != 4:
        raise ProjectError(
            f"'--point' is '{text}'; use SX,SY,RX,RY: x and y in the scan, x and y in the reference"
        )
    return position


def _describe_points(before: Project, after: Project, source: int) -> str:
    """What becomes of the control points of a pair, in words; empty if it never had any."""
    had, has = (
        next((one.points for one in project.pair if one.source == source), ())
        for project in (before, after)
    )
    if has:
        return f" (placed by {counted(len(has), 'control point')})"
    return " (its control points were removed, because it lies otherwise now)" if had else ""


def _check_points(job: Job, source: int) -> None:
    """Checks that the control points of a pair lie in its pictures; before ingest nothing is
    checked.

    Raises:
        ProjectError: they do not.
    """
    if (job.root / Clips.PATH).exists():
        for pair in job.project.pair:
            if pair.source == source:
                preflight.check_points(job, pair)


def _print_stale_stages(job: Job) -> None:
    """Warns when the records of pairs are older than film.toml."""
    for stage in pipeline.STAGES:
        if stage.name in ("curate", "align"):
            freshness = pipeline.freshness(stage, job)
            if freshness.state == "stale":
                tell(
                    f"{stage.name} is stale ({freshness.reason}); 'unfade run' brings it up to date"
                )
