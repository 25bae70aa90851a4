"""A film as the viewer opens it: the artefacts that say which pictures there are."""

from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

from unfade.errors import MediaError, WorkError
from unfade.film.alignment import Alignment, Alignments
from unfade.film.clip import Clips
from unfade.film.match import MatchRecord
from unfade.film.model import TrainedModel
from unfade.film.noun import Artefact
from unfade.film.pair import Pair, PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.shot import Shot
from unfade.film.target import Target, Targets
from unfade.film.time import FrameRange
from unfade.studio.films import FilmPlace
from unfade.studio.pictures.masters import Masters, load_masters
from unfade.studio.pictures.picture import PictureKind
from unfade.studio.training_state import works
from unfade.work.job import Job

if TYPE_CHECKING:
    from unfade.model import Baseline, ChromaModel

AnArtefact = TypeVar("AnArtefact", bound=Artefact)


@dataclass
class OpenFilm:
    """A film with its artefacts as they were when it was opened; those that no stage has written
    yet are None. `signature` is that of its files."""

    place: FilmPlace
    signature: object
    job: Job = field(init=False)
    clips: Clips = field(init=False)

    def __post_init__(self) -> None:
        """
        Raises:
            WorkError: ingest has not run.
            ProjectError: film.toml cannot be used.
        """
        self.job = self.place.job()
        self.clips = self.job.clips()
        self._lock = RLock()
        self._newest: tuple[int, ChromaModel] | None = None

    @property
    def frames(self) -> FrameRange:
        """The frames of the source."""
        return self.clips.source.frames

    def check_frame(self, frame: int) -> None:
        """
        Raises:
            MediaError: the film has no such frame.
        """
        if frame not in self.frames:
            raise MediaError(
                f"the film has no frame {frame}; choose one of {self.frames.first} to "
                f"{self.frames.last}"
            )

    @cached_property
    def pair_list(self) -> PairList | None:
        """Shots and pairs."""
        return self._load(PairList)

    @cached_property
    def shots(self) -> tuple[Shot, ...]:
        """The shots in order; the film as one shot before curate."""
        if self.pair_list is None:
            return (Shot(number=1, frames=self.frames),)
        return self.pair_list.shots

    def shot_of(self, frame: int) -> Shot:
        """The shot of a frame."""
        firsts = self._first_frames
        return self.shots[max(0, bisect_right(firsts, frame) - 1)]

    @cached_property
    def _first_frames(self) -> list[int]:
        return [shot.frames.first for shot in self.shots]

    @cached_property
    def alignments(self) -> Alignments | None:
        """The pairs that align admitted and rejected."""
        return self._load(Alignments)

    @cached_property
    def alignment_at(self) -> dict[int, Alignment]:
        """The alignment of the pair at a source frame; of several pairs, the first one's."""
        admitted = self.alignments.admitted if self.alignments else ()
        return {one.pair.source: one for one in reversed(admitted)}

    @cached_property
    def pair_at(self) -> dict[int, Pair]:
        """The pair at a source frame, also one that was rejected."""
        if self.pair_list is None:
            return {}
        rejected = [one.pair for one in self.pair_list.rejected]
        return {one.source: one for one in reversed([*self.pair_list.pairs, *rejected])}

    @cached_property
    def matches(self) -> MatchRecord | None:
        """The matches of every frame."""
        return self._load(MatchRecord)

    @cached_property
    def target_at(self) -> dict[int, Target]:
        """The target of the pair at a source frame."""
        targets = self._load(Targets)
        return {one.pair.source: one for one in reversed(targets.targets if targets else ())}

    @cached_property
    def trained(self) -> TrainedModel | None:
        """The record of the model, with the checkpoint that film.toml names."""
        trained = self._load(TrainedModel)
        return trained and trained.at(self.job.project.render.checkpoint)

    @cached_property
    def masters(self) -> Masters | None:
        """The masters on disk."""
        with suppress(WorkError):
            return load_masters(self.job.root)
        return None

    @cached_property
    def report(self) -> Report | None:
        """The report with its outliers."""
        return self._load(Report)

    @property
    def kinds(self) -> tuple[PictureKind, ...]:
        """The kinds of pictures that the film has."""
        has_model, has_masters = self.trained is not None, self.masters is not None
        wanted: Iterable[tuple[PictureKind, bool]] = (
            ("source", True),
            ("reference", bool(self.clips.references or self.pair_at)),
            ("lut", has_model),
            ("recovered", has_model or has_masters),
            ("difference", has_model),
            ("error", has_model),
            ("checkpoint", self.checkpoint is not None),
        )
        return tuple(kind for kind, is_there in wanted if is_there)

    def master_file(self, frame: int) -> Path | None:
        """The path of the master of a frame; None if it has none."""
        name = self.masters.file_of(frame) if self.masters else None
        if name is None:
            return None
        path = (self.job.root / Rendering.PATH).with_name(name)
        return path if path.is_file() else None

    @property
    def train_folder(self) -> Path:
        """The folder of the model's files."""
        return (self.job.root / TrainedModel.PATH).parent

    def model(self) -> "ChromaModel":
        """The model of the film, loaded once.

        Raises:
            WorkError: train has not run, or a file is damaged.
        """
        with self._lock:
            return self._model

    @property
    def checkpoint(self) -> int | None:
        """The step of the newest checkpoint of the training under way; None without one."""
        if not works(self.place):
            return None
        from unfade.train.newest import newest_step

        return newest_step(self.train_folder)

    def model_in_training(self) -> tuple[int, "ChromaModel"]:
        """That step, and the model with the networks of the checkpoint, loaded once.

        Raises:
            WorkError: no training is under way, or it has no checkpoint yet.
        """
        from unfade.train.newest import load_newest

        with self._lock:
            step = self.checkpoint
            if step is None:
                raise WorkError("no training under way has a checkpoint; wait for the first one")
            if self._newest is None or self._newest[0] != step:
                self._newest = load_newest(self.train_folder)
            return self._newest

    def baseline(self) -> "Baseline":
        """The LUT baseline of the film, loaded once.

        Raises:
            WorkError: train has not run, or a file is damaged.
        """
        with self._lock:
            return self._baseline

    @cached_property
    def _model(self) -> "ChromaModel":
        from unfade.model import load_chosen

        use = self.job.project.render.use
        return load_chosen(self.train_folder, self.record_of_model(), use)

    @cached_property
    def _baseline(self) -> "Baseline":
        from unfade.model import load_baseline

        return load_baseline(self.train_folder / self.record_of_model().baseline_file)

    def record_of_model(self) -> TrainedModel:
        """The record of the model.

        Raises:
            WorkError: train has not run.
        """
        if self.trained is None:
            raise WorkError("the film has no model yet; run it to 'train' first")
        return self.trained

    def _load(self, kind: type[AnArtefact]) -> AnArtefact | None:
        """An artefact; None if it is missing or damaged: the stage that needs it says so."""
        with suppress(WorkError):
            return self.job.load(kind)
        return None
