"""The records of what is assumed of constructed frames, and whether their files still fit them."""

from collections.abc import Mapping

from unfade.construct.constructed_pairs import constructed_frames
from unfade.construct.frame import ConstructedFrame, expected_colour
from unfade.construct.records import construction_file, read_construction, read_palette
from unfade.construct.stated import resolved
from unfade.errors import ProjectError
from unfade.film.assumptions import AssumedPoint, Assumptions
from unfade.film.construction import FocalPoint, construct_path
from unfade.film.used_frames import UsedFrames
from unfade.work.job import Job
from unfade.work.record_files import read_record


def record_of(frame: ConstructedFrame, picture_sha256: str, sheet_sha256: str) -> Assumptions:
    """The record of a constructed frame, with the checksums of its picture and its sheet."""
    expected = {one.index: expected_colour(frame, one) for one in frame.left_out}
    return Assumptions(
        frame=frame.number,
        points=tuple(
            _assumed(one.point, one.colour, one.source, one.author, expected.get(index))
            for index, one in enumerate(frame.points)
        ),
        uncertainty=float(frame.uncertainty.mean()),
        picture_sha256=picture_sha256,
        sheet_sha256=sheet_sha256,
    )


def read_assumptions(job: Job, frame: int) -> Assumptions:
    """The record of a constructed frame.

    Raises:
        ProjectError: it is missing or damaged, or points, picture or sheet were changed since.
    """
    stated, record = _stated_now(job, frame), _read_record(job, frame)
    remedy = f"run 'unfade construct {job.project_file} {frame}' again"
    for suffix, sha256 in ((".exr", record.picture_sha256), (".png", record.sheet_sha256)):
        file = job.root / construct_path(frame, suffix)
        if not file.is_file():
            raise ProjectError(f"{file}: is missing; {remedy}")
        if job.digest(file) != sha256:
            raise ProjectError(f"{file}: was changed after frame {frame} was constructed; {remedy}")
    if (record.frame, stated) != (frame, _stated_then(record)):
        raise ProjectError(
            f"{construction_file(job.root, frame)}: its points or the palette were changed after "
            f"frame {frame} was constructed; {remedy}"
        )
    return record


def taught_assumptions(job: Job, used: UsedFrames) -> Mapping[int, Assumptions]:
    """The records of the constructed frames of admitted pairs, by frame.

    Args:
        job: of the film.
        used: the frames of admitted pairs.

    Raises:
        ProjectError: what is assumed of a frame is missing or was changed, or the frame was
            constructed anew after the run had read its picture.
    """
    read = {one.source.frame: one.reference.sha256 for one in used.pairs}
    records = {
        frame: read_assumptions(job, frame) for frame in constructed_frames(job) if frame in read
    }
    for frame, record in records.items():
        if record.picture_sha256 != read[frame]:
            raise ProjectError(
                f"{job.root / construct_path(frame, '.exr')}: frame {frame} was constructed anew "
                f"after the run had read it; run 'unfade run {job.project_file}' again"
            )
    return records


def check_has_points(job: Job, frame: int) -> None:
    """
    Raises:
        ProjectError: a frame that is a constructed pair has no points, or its file cannot be used.
    """
    if frame in constructed_frames(job) and not read_construction(job.root, frame).point:
        raise ProjectError(
            f"{construction_file(job.root, frame)}: has no points, but frame {frame} is a "
            f"constructed pair; restore them, or run 'unfade pairs drop {job.project_file} {frame}'"
        )


def _read_record(job: Job, frame: int) -> Assumptions:
    path = job.root / construct_path(frame, ".json")
    remedy = f"run 'unfade construct {job.project_file} {frame}' again"
    try:
        return Assumptions.from_json(read_record(path))
    except FileNotFoundError as error:
        raise ProjectError(f"{path}: is missing; {remedy}") from error
    except (OSError, ValueError) as error:
        raise ProjectError(f"{path}: is damaged ({error}); {remedy}") from error


def _stated_now(job: Job, frame: int) -> list[AssumedPoint]:
    """The points as construction and palette state them.

    Raises:
        ProjectError: there are none, or construction or palette cannot be used.
    """
    check_has_points(job, frame)
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
