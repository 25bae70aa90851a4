"""The content of a delivery, from the artefacts and the records of people."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import unfade
from unfade.construct.assumptions import taught_assumptions
from unfade.deliver.shared_records import BagPaths, alignments_to_share, pair_list_to_share
from unfade.film.alignment import Alignments
from unfade.film.approval import Approvals
from unfade.film.assumptions import Assumptions
from unfade.film.balance import IDENTITY_BALANCE, FilmBalance, FilmGrade
from unfade.film.bookmark import Bookmarks
from unfade.film.clip import Clips
from unfade.film.dismissal import Dismissals
from unfade.film.improvement import Improvement
from unfade.film.model import TrainedModel
from unfade.film.naming import bag_name
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.time import FrameRange
from unfade.film.used_frames import UsedFrames
from unfade.project.settings import Project
from unfade.work.approvals import read_approvals
from unfade.work.bookmarks import read_bookmarks
from unfade.work.dismissals import read_dismissals
from unfade.work.job import Job


@dataclass(frozen=True)
class DeliveryContent:
    """The content of a delivery. Pictures of pairs have their paths in the bag; `assumptions` are
    those of the constructed frames."""

    project: Project
    clips: Clips
    pair_list: PairList
    alignments: Alignments
    model: TrainedModel
    rendering: Rendering
    report: Report
    approvals: Approvals
    dismissals: Dismissals
    bookmarks: Bookmarks
    date: str
    software: str
    improvement: Improvement | None = None
    assumptions: Mapping[int, Assumptions] = field(default_factory=dict)
    grade: FilmGrade = IDENTITY_BALANCE

    @property
    def decision(self) -> str:
        """In words who decided what on the masters, or that nobody did."""
        return self.approvals.in_words(self.rendering.masters_sha256())

    @property
    def part(self) -> FrameRange | None:
        """The delivered frames; none if they are the whole film."""
        return self.rendering.part_of(self.clips.source.frames)

    @property
    def part_in_words(self) -> str:
        """The delivered part; empty if it is the whole film."""
        return self.rendering.part_in_words(self.clips.source.frames)

    @property
    def name(self) -> str:
        """The name of the bag."""
        rendering = self.rendering
        title, count = self.project.film.title, len(rendering.frames)
        return bag_name(title, rendering.version, self.part, count)


def delivery_content(job: Job, paths: BagPaths) -> DeliveryContent:
    """The content of the delivery of a job.

    Args:
        job: the project and its work directory.
        paths: of pictures in the bag, by the source frames of their pairs.

    Raises:
        WorkError: an artefact is missing, or a record of people is damaged.
        ProjectError: what is assumed of a constructed frame is missing, or was changed since.
    """
    model = job.load(TrainedModel).at(job.project.render.checkpoint)
    return DeliveryContent(
        project=job.project,
        clips=job.clips(),
        pair_list=pair_list_to_share(job.load(PairList), paths, model),
        alignments=alignments_to_share(job.load(Alignments), paths),
        model=model,
        rendering=job.load(Rendering),
        report=job.load(Report),
        approvals=read_approvals(job.root),
        dismissals=read_dismissals(job.root),
        bookmarks=read_bookmarks(job.root),
        date=datetime.date.today().isoformat(),
        software=f"Unfade {unfade.__version__}",
        improvement=job.load_if_made(Improvement),
        grade=job.load(FilmBalance).grade,
        assumptions=taught_assumptions(job, job.load(UsedFrames)),
    )
