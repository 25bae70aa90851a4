"""The table of stages, in order, with the dependencies of each."""

from collections.abc import Callable
from dataclasses import dataclass

from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.approval import Approvals
from unfade.film.balance import FilmBalance
from unfade.film.clip import Clips
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.noun import Artefact
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.stage_names import STAGE_TASKS
from unfade.film.target import Targets
from unfade.work.job import Job

Paths = dict[str, str]
"""Paths of film.toml by their role, such as "the source"."""


def source_paths(job: Job) -> Paths:
    """The path of the scan."""
    return {"the source": job.project.source.path}


def clip_paths(job: Job) -> Paths:
    """The paths of the scan and of all references."""
    references = {f"the reference {one.name}": one.path for one in job.project.reference}
    return source_paths(job) | references


def picture_paths(job: Job) -> Paths:
    """The paths of the pictures of pairs."""
    return {
        f"the picture of source frame {pair.source}": pair.reference
        for pair in job.project.pair
        if isinstance(pair.reference, str)
    }


def pair_paths(job: Job) -> Paths:
    """The paths of the scan, of the references that pairs or alternates use, and of pictures.

    Before curate has run, all references count as used.
    """
    try:
        choice = job.load(PairList)
        used = {pair.of for pair in (*choice.pairs, *choice.alternates)}
    except WorkError:
        used = {clip.name for clip in job.project.reference}
    references = {
        f"the reference {one.name}": one.path for one in job.project.reference if one.name in used
    }
    return source_paths(job) | references | picture_paths(job)


def earlier_model_paths(job: Job) -> Paths:
    """The path of the model that training starts from, if film.toml names one."""
    start_from = job.project.train.start_from
    return {"the model to start from": start_from} if start_from else {}


@dataclass(frozen=True)
class Stage:
    """A stage and everything that it reads.

    `sections` are the sections of film.toml, or keys in them, that it depends on. `needs` are the
    artefacts of earlier stages. `files` are patterns of other files of earlier stages whose digest
    is in no artefact. `elements` gives the paths of film.toml that it or an earlier stage reads.
    A higher `revision` makes older results stale.
    """

    name: str
    sections: tuple[str, ...]
    needs: tuple[type[Artefact], ...]
    elements: Callable[[Job], Paths] = lambda job: {}
    revision: int = 1
    files: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """The task of the stage, in a few words for people."""
        return STAGE_TASKS[self.name]


REPORTED_SECTIONS = ("film", "ingest", "curate", "align", "target", "train", "render", "validate")
"""Sections of film.toml that the report shows."""

BASELINE = "05-train/baseline.safetensors"
"""Path, in the work directory, of the closed-form baseline."""

STAGES = (
    Stage("ingest", ("source", "reference"), (), clip_paths, 4),
    Stage(
        "curate",
        ("film.title", "reference", "pair", "curate", "ingest.balance"),
        (Clips,),
        lambda job: clip_paths(job) | picture_paths(job),
        3,
        ("01-ingest/*-proxy.npy",),
    ),
    Stage("align", ("align",), (Clips, PairList), pair_paths, 3),
    Stage(
        "target",
        ("target",),
        (Clips, PairList, Alignments),
        pair_paths,
        2,
        ("03-align/weight-*.exr",),
    ),
    Stage(
        "train",
        ("train",),
        (FilmBalance, Targets),
        earlier_model_paths,
        10,
    ),
    Stage(
        "render",
        ("film", "source.path", "render"),
        (Clips, PairList, Alignments, TrainedModel),
        source_paths,
        4,
    ),
    Stage(
        "validate",
        REPORTED_SECTIONS,
        (Clips, PairList, FilmBalance, Alignments, Targets, TrainedModel, LossCurve, Rendering),
        source_paths,
        revision=5,
        files=(BASELINE,),
    ),
    Stage(
        "deliver",
        (*REPORTED_SECTIONS, "source", "reference", "pair", "deliver"),
        (Clips, PairList, Alignments, TrainedModel, Rendering, Report),
        lambda job: source_paths(job) | picture_paths(job),
        revision=5,
        files=(BASELINE, "07-validate/report.html", "07-validate/*.png", Approvals.PATH),
    ),
)
