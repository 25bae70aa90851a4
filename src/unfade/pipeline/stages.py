"""The table of stages, in order, with the dependencies of each."""

from collections.abc import Callable
from dataclasses import dataclass

from unfade.construct.constructed_pairs import constructed_frames
from unfade.errors import ProjectError, WorkError
from unfade.film.alignment import Alignments
from unfade.film.approval import Approvals
from unfade.film.balance import FilmBalance
from unfade.film.bookmark import Bookmarks
from unfade.film.clip import Clips
from unfade.film.construction import PALETTE_FILE, construct_path
from unfade.film.dismissal import Dismissals
from unfade.film.improvement import Improvement
from unfade.film.match import MatchRecord
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.noun import Artefact
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.stage_names import STAGE_NAMES, STAGE_TASKS, folder_name
from unfade.film.target import Targets
from unfade.film.used_frames import UsedFrames
from unfade.work.job import Job
from unfade.work.series import series_places

TARGETS_OF = "the targets of "
"""Beginning of the role of the targets of another film of the series."""

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


def assumption_paths(job: Job) -> Paths:
    """The paths of what is assumed of constructed frames, and of the palette, if there are any."""
    frames = constructed_frames(job)
    return {
        f"the {what} of constructed frame {frame}": construct_path(frame, suffix)
        for frame in frames
        for what, suffix in (("points file", ".toml"), ("record", ".json"), ("sheet", ".png"))
    } | ({"the palette": PALETTE_FILE} if frames else {})


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


def certificate_paths(job: Job) -> Paths:
    """The path of the certificates that sign a delivery, if film.toml names any."""
    certificate = job.project.deliver.c2pa_certificate
    return {"the certificate": certificate} if certificate else {}


def training_paths(job: Job) -> Paths:
    """The paths of the model that training starts from, of the scan that previews are read from,
    and of the targets of the other films of the series, as far as film.toml names any."""
    settings, places = job.project.train, series_places(job)
    paths = {"the model to start from": settings.start_from} if settings.start_from else {}
    paths |= source_paths(job) if settings.preview else {}
    for film in places:
        if film.place:
            paths[f"{TARGETS_OF}{film.name}"] = str(film.targets)
    if places and places[0].place:
        paths[f"the balance of {places[0].name}"] = str(places[0].folder / FilmBalance.PATH)
    return paths


@dataclass(frozen=True)
class Stage:
    """A stage and everything that it reads.

    `sections` are the sections of film.toml, or keys in them, that it depends on; "pair" stands for
    all keys of pairs but "pair.points", because only align moves pictures. `needs` are the
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

SHEETS = tuple(f"{folder_name(name)}/*.png" for name in ("curate", "align", "target", "train"))
"""Patterns of the sheets that go into a bag."""

PEOPLE_RECORDS: tuple[type[Artefact], ...] = (Approvals, Dismissals, Bookmarks)
"""Records of people beside film.toml, which go into a bag."""

STAGES = (
    Stage("ingest", ("source", "reference"), (), clip_paths, 5),
    Stage(
        "curate",
        ("film.title", "reference", "pair", "curate", "ingest.balance"),
        (Clips,),
        lambda job: clip_paths(job) | picture_paths(job),
        4,
        ("01-ingest/*-proxy.npy",),
    ),
    Stage("align", ("align", "pair.points"), (Clips, PairList), pair_paths, 3),
    Stage(
        "target",
        ("target",),
        (Clips, PairList, Alignments),
        pair_paths,
        3,
        ("03-align/weight-*.exr",),
    ),
    Stage(
        "train",
        ("film.series", "train"),
        (Clips, PairList, FilmBalance, Targets),
        training_paths,
        12,
    ),
    Stage(
        "render",
        ("film", "source.path", "render"),
        (Clips, PairList, Alignments, TrainedModel),
        source_paths,
        5,
    ),
    Stage(
        "validate",
        REPORTED_SECTIONS,
        (
            Clips,
            PairList,
            FilmBalance,
            MatchRecord,
            Alignments,
            Targets,
            UsedFrames,
            TrainedModel,
            LossCurve,
            Rendering,
            Improvement,
        ),
        lambda job: source_paths(job) | assumption_paths(job),
        revision=9,
        files=(BASELINE, "01-ingest/*-proxy.npy"),
    ),
    Stage(
        "deliver",
        (*REPORTED_SECTIONS, "source", "reference", "pair", "pair.points", "deliver"),
        (
            Clips,
            PairList,
            FilmBalance,
            Alignments,
            UsedFrames,
            TrainedModel,
            Rendering,
            Report,
            Improvement,
        ),
        lambda job: (
            source_paths(job) | picture_paths(job) | assumption_paths(job) | certificate_paths(job)
        ),
        revision=9,
        files=(
            BASELINE,
            "07-validate/report.html",
            "07-validate/*.png",
            *SHEETS,
            *(record.PATH for record in PEOPLE_RECORDS),
        ),
    ),
)


def check_stages(first: str | None, last: str | None) -> None:
    """Checks the stages from which and to which a run goes; None is the end of the table.

    Raises:
        ProjectError: there is no such stage.
        WorkError: the first one comes after the last one.
    """
    for name in (first, last):
        if name is not None and name not in STAGE_NAMES:
            raise ProjectError(f"there is no stage '{name}'; name one of {', '.join(STAGE_NAMES)}")
    if first and last and STAGE_NAMES.index(first) > STAGE_NAMES.index(last):
        raise WorkError(
            f"'{first}', the first stage to run, comes after '{last}', the last; swap the two"
        )
