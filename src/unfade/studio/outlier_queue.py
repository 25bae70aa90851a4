"""The queue of outliers: what validate found, by weight, with what a person decided on each."""

import datetime
from dataclasses import dataclass
from typing import Literal

from unfade.errors import ProjectError
from unfade.film.clip import Area, Clips
from unfade.film.dismissal import Dismissal
from unfade.film.improvement import Improvement
from unfade.film.outlier import OutlierRun
from unfade.film.report import Report
from unfade.film.stage_names import folder_name
from unfade.project.edit import with_added_frames, without_pair
from unfade.project.file import parse_project, project_file_text
from unfade.studio.films import FilmPlace
from unfade.studio.pictures.masters import load_masters
from unfade.studio.stage_files import dated, usable
from unfade.work.dismissals import add_dismissal, read_dismissals
from unfade.work.project_writing import text_digest

SHEET_FILE = "outliers.png"
"""The sheet of pictures that validate writes."""

OutlierDecision = Literal["open", "accepted", "dismissed"]


@dataclass(frozen=True)
class QueuedOutlier:
    """An outlier of the last report; `is_added` if the pair that would mend it is in film.toml."""

    run: OutlierRun
    dismissal: Dismissal | None
    is_added: bool

    @property
    def id(self) -> str:
        """Its name in addresses and commands."""
        return f"{self.run.first}-{self.run.last}-{self.run.kind.replace(' ', '-')}"

    @property
    def decision(self) -> OutlierDecision:
        """What a person decided."""
        if self.dismissal is not None:
            return "dismissed"
        return "accepted" if self.is_added else "open"

    @property
    def frame_count(self) -> int:
        """Number of its frames."""
        return self.run.last - self.run.first + 1


@dataclass(frozen=True)
class OutlierQueue:
    """What the page of outliers shows.

    `is_made` is false before validate has run. `digest` is that of film.toml, by which an edit
    knows what the person has seen. `live_area` is that of the scan, `sheet` the name of the sheet
    of pictures with its time of change, empty without one.
    """

    outliers: tuple[QueuedOutlier, ...]
    is_made: bool
    digest: str
    live_area: Area | None
    improvement: Improvement | None
    sheet: str

    @property
    def row_count(self) -> int:
        """Number of outliers on the sheet."""
        return sum(one.run.row is not None for one in self.outliers)

    def count(self, decision: OutlierDecision) -> int:
        """Number of outliers with a decision."""
        return sum(one.decision == decision for one in self.outliers)

    def find(self, id: str) -> QueuedOutlier:
        """
        Raises:
            ProjectError: there is no such outlier.
        """
        for one in self.outliers:
            if one.id == id:
                return one
        raise ProjectError("this outlier is not in the report any more; look at the new queue")


def outlier_queue(place: FilmPlace) -> OutlierQueue:
    """The queue, the farthest above its limit first.

    Raises:
        ProjectError: film.toml cannot be used.
        WorkError: an artefact is damaged.
    """
    text = project_file_text(place.project_file)
    job = place.job()
    report, clips = job.load_if_made(Report), job.load_if_made(Clips)
    dismissals = read_dismissals(place.folder)
    added = {*parse_project(text, place.project_file).curate.add}
    sheet = place.folder / folder_name("validate") / SHEET_FILE
    outliers = [
        QueuedOutlier(run, dismissals.of(run), run.mend is not None and run.mend.source in added)
        for run in (report.outliers if report else ())
    ]
    return OutlierQueue(
        outliers=tuple(sorted(outliers, key=lambda one: -one.run.weight)),
        is_made=report is not None,
        digest=text_digest(text),
        live_area=clips.source.live_area if clips else None,
        improvement=usable(job, Improvement),
        sheet=dated(sheet) if sheet.is_file() else "",
    )


def accepted(outlier: QueuedOutlier, text: str) -> tuple[str, str]:
    """The sentence about the pair that would mend an outlier, and a film.toml with that pair on
    'curate.add'.

    Args:
        outlier: of the queue.
        text: the film.toml.

    Raises:
        ProjectError: no pair would mend the outlier, or the text cannot be edited.
    """
    source = _mend_of(outlier)
    return f"frame {source} is added for an outlier", with_added_frames(text, [source])


def taken_back(outlier: QueuedOutlier, text: str) -> tuple[str, str]:
    """The sentence about the pair that would mend an outlier, and a film.toml without that pair on
    'curate.add'.

    Raises:
        ProjectError: the pair is not there, or the text cannot be edited.
    """
    source = _mend_of(outlier)
    if not outlier.is_added:
        raise ProjectError(f"frame {source} is not on 'curate.add'; look at the new queue")
    words = f"frame {source} is no longer added for an outlier"
    return words, without_pair(text, source, exclude_frame=False)


def _mend_of(outlier: QueuedOutlier) -> int:
    if outlier.run.mend is None:
        raise ProjectError("no pair would mend this outlier; see the reason beside it")
    return outlier.run.mend.source


def decide(place: FilmPlace, id: str, by: str, reason: str, *, withdrawn: bool = False) -> None:
    """Puts on record that a person dismisses an outlier, or with `withdrawn` no longer does.

    Raises:
        ProjectError: there is no such outlier.
        WorkError: the record cannot be written.
    """
    run = outlier_queue(place).find(id).run
    dismissal = Dismissal(
        kind=run.kind,
        shot=run.shot,
        first=run.first,
        last=run.last,
        reason=reason,
        by=by,
        date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        model_id=load_masters(place.folder).model_id,
        withdrawn=withdrawn,
    )
    add_dismissal(place.folder, dismissal)
