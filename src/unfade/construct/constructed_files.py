"""Writes the files of a constructed frame: picture, sheet, record and points; and its pair."""

from pathlib import Path

from unfade import media
from unfade.construct.assumptions import record_of
from unfade.construct.constructed_pairs import check_no_other_pair, other_pair
from unfade.construct.frame import ConstructedFrame
from unfade.construct.records import check_construction_seen, write_construction
from unfade.construct.sheet import draw_assumptions
from unfade.film.construction import CONSTRUCT_FOLDER, Construction, construct_path
from unfade.film.wording import counted
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.project.settings import PairSection
from unfade.work.digest_cache import digest
from unfade.work.job import Job
from unfade.work.pair_edits import job_of, pair_added, valid_text
from unfade.work.project_writing import one_editor, replace_project_text
from unfade.work.writing import clear_partials, make_folder, write_text

_NOTE_LENGTH = 500
"""Characters of the note of a pair, some lines of the validation note; the points name all
sources."""


def save(
    job: Job,
    project_file: Path,
    frame: ConstructedFrame,
    construction: Construction,
    seen: str,
    replaces: str = "",
) -> None:
    """Writes picture, sheet and record of a constructed frame, makes it a pair in film.toml, and
    writes its points last of all, so that a save that fails can be repeated.

    Args:
        job: of the film.
        project_file: of the film.
        frame: solved from the construction.
        construction: with its points.
        seen: the `construction_digest` of what the editor began with.
        replaces: the reference of another pair at the frame, which the person gives up; empty if
            there is none.

    Raises:
        ProjectError: the points were changed meanwhile, or film.toml cannot be used, or has
            another pair there.
        MediaError: a picture cannot be written.
        WorkError: a file cannot be written.
    """
    with one_editor(job.root):
        check_construction_seen(job.root, frame.number, seen)
        text = valid_text(project_file)
        section = _section(job_of(text, project_file), frame, replaces)
        added = pair_added(text, project_file, section)
        clear_partials(job.root / CONSTRUCT_FOLDER)
        picture, sheet = _write_picture(job, frame), write_sheet(job, frame)
        record = record_of(frame, digest(picture), digest(sheet))
        write_text(job.root / construct_path(frame.number, ".json"), record.to_json())
        replace_project_text(project_file, text, added)
        write_construction(job.root, construction)


def write_sheet(job: Job, frame: ConstructedFrame) -> Path:
    """Writes the sheet of a constructed frame; its path.

    Raises:
        MediaError: it cannot be written.
    """
    path = job.root / construct_path(frame.number, ".png")
    make_folder(path.parent)
    media.write_png(path, draw_assumptions(frame, job.clips().source.pixel_aspect))
    return path


def _write_picture(job: Job, frame: ConstructedFrame) -> Path:
    """Writes a constructed frame on the scan's raster, whose outside of the live area is the
    scan's; its path."""
    path = job.root / construct_path(frame.number, ".exr")
    make_folder(path.parent)
    whole = media.read_frame(job.clips().source, frame.number, job.colors).clone()
    crop(whole, frame.live_area)[:] = frame.rgb
    media.write_exr(path, whole, colorspace=WORKING_SPACE)
    return path


def _section(job: Job, frame: ConstructedFrame, replaces: str) -> PairSection:
    """The pair of a constructed frame. One that is a constructed pair keeps its role.

    Raises:
        ProjectError: film.toml has another pair there than `replaces`.
    """
    check_no_other_pair(job, frame.number, but=replaces)
    is_new = other_pair(job, frame.number) is not None
    roles = [one.role for one in job.project.pair if one.source == frame.number and not is_new]
    sources = sorted({point.source for point in frame.used})
    return PairSection(
        source=frame.number,
        reference=construct_path(frame.number, ".exr"),
        kind="constructed",
        role=roles[0] if roles else "train",
        aligned=True,
        note=f"{counted(len(frame.used), 'focal point')}: {'; '.join(sources)}"[:_NOTE_LENGTH],
    )
