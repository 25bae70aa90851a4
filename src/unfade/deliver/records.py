"""The texts of the records of a bag, which hold no path of this machine."""

import datetime
from pathlib import Path

from unfade.deliver.content import DeliveryContent
from unfade.deliver.note import validation_note
from unfade.deliver.shared_records import clips_to_share, film_toml_to_share
from unfade.film.alignment import Alignments
from unfade.film.clip import Clips
from unfade.film.model import TrainedModel
from unfade.film.noun import Artefact
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.used_frames import UsedFrames
from unfade.film.wording import counted
from unfade.project.settings import Project

SHEETS = {
    "curate": "pairs",
    "align": "alignment",
    "target": "ground-truth",
    "train": "training",
}
"""Folders of the sheets of a stage, in that of all sheets."""

RECORDS: dict[str, type[Artefact]] = {
    "ingest": Clips,
    "curate": PairList,
    "align": Alignments,
    "target": UsedFrames,
    "train": TrainedModel,
    "render": Rendering,
    "validate": Report,
}
"""The record that each stage writes last, whose time is that of its event."""


def written_at(path: Path) -> str:
    """When a file was written, ISO 8601 with the time zone."""
    written = datetime.datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return written.isoformat("T", "seconds")


def record_texts(delivered: DeliveryContent, used: UsedFrames, settings: Project) -> dict[str, str]:
    """The records, by name of the file: artefacts, settings and note.

    Args:
        delivered: the content of the bag.
        used: the frames of pairs.
        settings: of film.toml, as they are delivered.
    """
    records: tuple[Artefact, ...] = (
        clips_to_share(delivered.clips),
        delivered.pair_list,
        delivered.alignments,
        used,
        delivered.rendering,
        delivered.approvals,
        delivered.dismissals,
        delivered.bookmarks,
        *([delivered.improvement] if delivered.improvement else []),
    )
    return {
        **{Path(record.PATH).name: record.to_json() for record in records},
        "settings.json": settings.model_dump_json(indent=2, by_alias=True) + "\n",
        "film.toml": film_toml_to_share(settings),
        "validation-note.txt": validation_note(delivered),
    }


def bag_info(delivered: DeliveryContent) -> dict[str, str]:
    """The entries of bag-info.txt, by label."""
    project, rendering = delivered.project, delivered.rendering
    of_part = f", a part: {delivered.part_in_words}" if delivered.part else ""
    return {
        "Source-Organization": project.deliver.institution,
        "Contact-Name": project.deliver.restorationist,
        "External-Identifier": delivered.name,
        "External-Description": (
            f"{project.film.title}: {counted(len(rendering.frames), 'recovered frame')}{of_part}, "
            f"{rendering.colorspace}, model {rendering.model_id}, "
            f"verdict {delivered.report.verdict}, {delivered.decision}"
        ),
        "Bagging-Date": delivered.date,
    }
