"""The files, in a bag, of constructed frames: the points with their sources, and their sheets.

Constructions and palette are written anew, because their comments may name folders.
"""

from pathlib import Path

from unfade.construct.assumptions import taught_assumptions
from unfade.construct.records import as_toml, read_construction, read_palette
from unfade.deliver.bag import copy_file
from unfade.deliver.content import DeliveryContent
from unfade.errors import ProjectError
from unfade.film.construction import CONSTRUCT_FOLDER, PALETTE_FILE, construct_path
from unfade.film.used_frames import UsedFrames
from unfade.work.job import Job

CONSTRUCTED_SHEETS = "sheets/constructed"
"""Folder, in a bag, of the sheets of constructed frames."""


def add_assumptions(job: Job, delivered: DeliveryContent, used: UsedFrames, folder: Path) -> None:
    """Adds the files of constructed frames, and the palette if the film has one.

    Args:
        job: the project and its work directory.
        delivered: the content of the bag.
        used: the frames of admitted pairs.
        folder: of the bag.

    Raises:
        ProjectError: a construction or the palette cannot be used, or was changed meanwhile.
        WorkError: a sheet is missing, or there is no space for a copy.
    """
    for frame, assumed in delivered.assumptions.items():
        points = folder / construct_path(frame, ".toml")
        points.parent.mkdir(exist_ok=True)
        points.write_text(as_toml(read_construction(job.root, frame)), encoding="utf-8")
        record = folder / construct_path(frame, ".json")
        record.write_text(assumed.to_json(), encoding="utf-8")
        copy_file(job.root / construct_path(frame, ".png"), folder / sheet_path(frame))
    if delivered.assumptions and (job.root / PALETTE_FILE).exists():
        palette = as_toml(read_palette(job.root))
        (folder / PALETTE_FILE).write_text(palette, encoding="utf-8")
    if taught_assumptions(job, used) != delivered.assumptions:
        raise ProjectError(
            f"{job.root / CONSTRUCT_FOLDER}: was changed while it was delivered; run "
            f"'unfade run {job.project_file}' again"
        )


def sheet_path(frame: int) -> str:
    """The path, in a bag, of the sheet of a constructed frame."""
    return f"{CONSTRUCTED_SHEETS}/{frame:07d}.png"
