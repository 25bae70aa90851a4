"""How far the training of a film is, from the files that it writes while it works."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unfade.errors import ProjectError
from unfade.film.model import LossCurve, LossPoint, TrainedModel, TrainingStop
from unfade.film.stage_names import folder_name
from unfade.studio.films import FilmPlace
from unfade.studio.stage_files import dated, usable
from unfade.work.job import Job
from unfade.work.lock import LOCK, is_in_use
from unfade.work.receipt import UNFINISHED
from unfade.work.writing import write_text


@dataclass(frozen=True)
class Sheet:
    """A contact sheet of a step, and the address of its file below that of the page."""

    step: int
    address: str


@dataclass(frozen=True)
class TrainingState:
    """What the page of training shows.

    `steps` is the largest number of steps in film.toml. `model` is None while training works and
    before it. `stop` is a person's wish to end it, `carried` the address of the sheet of carried
    colour.
    """

    steps: int
    points: tuple[LossPoint, ...]
    closed_form: float | None
    lut: float | None
    is_working: bool
    stop: TrainingStop | None
    model: TrainedModel | None
    sheets: tuple[Sheet, ...]
    carried: str | None

    @property
    def best(self) -> LossPoint | None:
        """The point with the smallest held-out error; None without hold-out pairs."""
        measured = [one for one in self.points if one.held_out is not None]
        return min(measured, key=lambda one: one.held_out or 0.0, default=None)

    @property
    def can_stop(self) -> bool:
        """Whether it works, has checkpoints to come, and nobody has asked to end it."""
        last = self.points[-1].step if self.points else 0
        return self.is_working and self.stop is None and last < self.steps

    def facts(self) -> dict[str, Any]:
        """The chart as JSON."""
        return {
            "steps": self.steps,
            "points": [one.model_dump(exclude={"held_out_chroma"}) for one in self.points],
            "closedForm": self.closed_form,
            "lut": self.lut,
            "best": self.best.step if self.best else None,
            "working": self.is_working,
        }


def training_state(place: FilmPlace) -> TrainingState:
    """The state of training now.

    Raises:
        ProjectError: film.toml cannot be used.
    """
    job = place.job()
    folder = place.folder / folder_name("train")
    curve = usable(job, LossCurve) or LossCurve(points=(), baseline=None)
    is_working = works(place)
    carried = folder / "carried.png"
    return TrainingState(
        steps=job.project.train.steps,
        points=curve.points,
        closed_form=curve.baseline,
        lut=curve.lut,
        is_working=is_working,
        stop=usable(job, TrainingStop),
        model=None if is_working else usable(job, TrainedModel),
        sheets=tuple(_sheets(folder)),
        carried=dated(carried) if carried.is_file() else None,
    )


def works(place: FilmPlace) -> bool:
    """Whether a training works: the run that works on the film has started the stage, and has not
    ended it. An older run that was killed leaves its marker, too."""
    unfinished = place.folder / folder_name("train") / UNFINISHED
    try:
        is_of_this_run = unfinished.stat().st_mtime_ns >= (place.folder / LOCK).stat().st_mtime_ns
    except OSError:
        return False
    return is_of_this_run and is_in_use(place.folder)


def _sheets(folder: Path) -> list[Sheet]:
    """The contact sheets, the newest first."""
    sheets = []
    for path in folder.glob("sheet-*.png"):
        step = path.stem.removeprefix("sheet-")
        if step.isdecimal():
            with suppress(OSError):
                sheets.append(Sheet(int(step), dated(path)))
    return sorted(sheets, key=lambda one: -one.step)


def ask_to_stop(place: FilmPlace) -> None:
    """Asks training to end at its next checkpoint and to keep the best one.

    Raises:
        ProjectError: no training works.
        WorkError: the wish cannot be written.
    """
    if not works(place):
        raise ProjectError("no training works now, so there is none to end; load the page again")
    write_text(place.folder / TrainingStop.PATH, TrainingStop().to_json())


def forget_stop(job: Job) -> None:
    """Lets a training that a person has ended go on with the next run.

    Raises:
        ProjectError: no person has ended it.
    """
    try:
        (job.root / TrainingStop.PATH).unlink()
    except FileNotFoundError as error:
        raise ProjectError(
            "this training was not ended by a person; load the page again"
        ) from error
