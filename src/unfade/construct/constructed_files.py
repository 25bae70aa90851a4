"""The files of a constructed frame: its sheet, its picture and the record of its assumptions; and
its pair in film.toml.

The files are written together, and whoever reads the record knows that picture, sheet and points
are those that it was made of.
"""

from pathlib import Path

from unfade import media
from unfade.construct.assumptions import draw_assumptions
from unfade.construct.frame import (
    ConstructedFrame,
    expected_colour,
    picture_file,
    write_picture,
)
from unfade.construct.records import construction_file, read_construction, read_palette
from unfade.construct.stated import resolved
from unfade.errors import ProjectError
from unfade.film.assumptions import AssumedPoint, Assumptions
from unfade.film.construction import FocalPoint, construct_path
from unfade.film.wording import counted
from unfade.project.file import load_project
from unfade.project.settings import PairSection
from unfade.work.elements import digest
from unfade.work.job import Job
from unfade.work.pair_edits import pair_added, valid_text
from unfade.work.project_writing import replace_project_text
from unfade.work.record_files import read_record
from unfade.work.writing import make_folder, write_text

_NOTE_LENGTH = 500
"""Characters of the note of a pair, as film.toml takes it."""


def write_sheet(job: Job, frame: ConstructedFrame) -> Path:
    """Writes the sheet of a constructed frame; its path.

    Raises:
        MediaError: it cannot be written.
    """
    path = job.root / construct_path(frame.number, ".png")
    make_folder(path.parent)
    media.write_png(path, draw_assumptions(frame))
    return path


def write_constructed(job: Job, frame: ConstructedFrame) -> Path:
    """Writes sheet, picture and record of a constructed frame; the path of the picture.

    Raises:
        MediaError: a picture cannot be written.
    """
    sheet, picture = write_sheet(job, frame), write_picture(job, frame)
    expected = {one.index: expected_colour(frame, one) for one in frame.left_out}
    record = Assumptions(
        frame=frame.number,
        points=tuple(
            _assumed(one.point, one.colour, one.source, one.author, expected.get(index))
            for index, one in enumerate(frame.points)
        ),
        uncertainty=float(frame.uncertainty.mean()),
        picture_sha256=digest(picture),
        sheet_sha256=digest(sheet),
    )
    write_text(job.root / construct_path(frame.number, ".json"), record.to_json())
    return picture


def add_pair(project_file: Path, frame: ConstructedFrame) -> None:
    """Makes a constructed frame, whose picture is written, a pair in film.toml. A frame that is a
    pair keeps its role.

    Raises:
        ProjectError: film.toml cannot be used, or was changed meanwhile.
    """
    sources = sorted({point.source for point in frame.used})
    earlier = [one for one in load_project(project_file).pair if one.source == frame.number]
    section = PairSection(
        source=frame.number,
        reference=construct_path(frame.number, ".exr"),
        kind="constructed",
        role=earlier[0].role if earlier else "train",
        aligned=True,
        note=f"{counted(len(frame.used), 'focal point')}: {', '.join(sources)}"[:_NOTE_LENGTH],
    )
    seen = valid_text(project_file)
    replace_project_text(project_file, seen, pair_added(seen, project_file, section))


def read_assumptions(job: Job, frame: int) -> Assumptions:
    """The record of a constructed frame.

    Raises:
        ProjectError: it is missing or damaged, or points, picture or sheet were changed since.
    """
    path = job.root / construct_path(frame, ".json")
    remedy = f"run 'unfade construct {job.project_file} {frame}' again"
    try:
        record = Assumptions.from_json(read_record(path))
    except FileNotFoundError as error:
        raise ProjectError(f"{path}: is missing; {remedy}") from error
    except (OSError, ValueError) as error:
        raise ProjectError(f"{path}: is damaged ({error}); {remedy}") from error
    for file, sha256 in (
        (picture_file(job.root, frame), record.picture_sha256),
        (job.root / construct_path(frame, ".png"), record.sheet_sha256),
    ):
        if not file.is_file():
            raise ProjectError(f"{file}: is missing; {remedy}")
        if job.digest(file) != sha256:
            raise ProjectError(f"{file}: was changed after frame {frame} was constructed; {remedy}")
    stated = _stated_now(job, frame)
    points = construction_file(job.root, frame)
    if not stated:
        raise ProjectError(
            f"{points}: has no points, but frame {frame} is a constructed pair; restore them, or "
            f"run 'unfade pairs drop {job.project_file} {frame}'"
        )
    if (record.frame, stated) != (frame, _stated_then(record)):
        raise ProjectError(
            f"{points}: its points or the palette were changed after "
            f"frame {frame} was constructed; {remedy}"
        )
    return record


def _stated_now(job: Job, frame: int) -> list[AssumedPoint]:
    """The points as construction and palette state them.

    Raises:
        ProjectError: construction or palette cannot be used.
    """
    construction, palette = read_construction(job.root, frame), read_palette(job.root)
    where = construction_file(job.root, frame)
    return [
        _assumed(
            one,
            *resolved(one, palette, f"{where}: point {number}"),
            one.author or construction.author,
        )
        for number, one in enumerate(construction.point, start=1)
    ]


def _stated_then(record: Assumptions) -> list[AssumedPoint]:
    """The points of a record, as they were stated."""
    return [one.model_copy(update={"left_out_for": None}) for one in record.points]


def _assumed(
    point: FocalPoint, colour: str, source: str, author: str, left_out_for: str | None = None
) -> AssumedPoint:
    return AssumedPoint(
        at=point.at,
        area=point.area,
        colour=colour,
        source=source,
        author=author,
        note=point.note,
        left_out_for=left_out_for,
    )
