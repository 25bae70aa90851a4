"""The artefacts that most of validate needs."""

from dataclasses import dataclass

from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import Clips
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.target import Targets
from unfade.work.job import Job


@dataclass(frozen=True)
class ValidatedFilm:
    """The artefacts of a film that most of validate needs."""

    clips: Clips
    pair_list: PairList
    alignments: Alignments
    targets: Targets
    model: TrainedModel
    rendering: Rendering
    curve: LossCurve

    @classmethod
    def of(cls, job: Job) -> "ValidatedFilm":
        """The artefacts of a job.

        Raises:
            WorkError: one is missing or damaged, or no frame is rendered.
        """
        rendering = job.load(Rendering)
        if not rendering.frames:
            path = job.root / Rendering.PATH
            raise WorkError(f"{path}: holds no frame; run 'unfade render' again")
        kinds = job.load(PairList), job.load(Alignments), job.load(Targets)
        return cls(job.clips(), *kinds, chosen_model(job), rendering, job.load(LossCurve))


def chosen_model(job: Job) -> TrainedModel:
    """The record of the model that 'render.checkpoint' chooses."""
    return job.load(TrainedModel).at(job.project.render.checkpoint)
