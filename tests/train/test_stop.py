"""A person ends training early: the record says so, and the stage stays fresh."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from unfade.film.model import LossCurve, TrainedModel, TrainingStop
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project
from unfade.train import stage
from unfade.train.newest import newest_step
from unfade.train.training_set import TrainingSet, prepare
from unfade.work.job import Job
from unfade.work.progress import Item, Progress, SilentProgress

from ..fixtures import RecordingProgress


class ImpatientProgress(RecordingProgress):
    """Asks for the end of training as soon as it begins, and keeps the curve of each checkpoint."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.steps: list[int] = []

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        if label != "Training":
            yield from items
            return
        (self._folder / TrainingStop.PATH).write_text(TrainingStop().to_json())
        self.steps.append(self._curve())
        for item in items:
            yield item
            self.steps.append(self._curve())

    def _curve(self) -> int:
        text = (self._folder / LossCurve.PATH).read_text()
        return LossCurve.from_json(text).points[-1].step


def job(folder: Path, progress: Progress | None = None) -> Job:
    return Job(load_project(folder / "film.toml"), folder, progress or SilentProgress())


@pytest.fixture(scope="module", autouse=True)
def prepared_once() -> Iterator[None]:
    """All trainings of these tests have the same pictures: their closed form is fitted once."""
    sets: list[TrainingSet] = []

    def prepared(*arguments: Any) -> TrainingSet:
        if not sets:
            # The last argument is the folder for temporary files, which only one test has.
            sets.append(prepare(*arguments[:-1]))
        return sets[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "prepare", prepared)
        yield


@pytest.fixture
def film(tmp_path: Path, copy_small_film: Callable[[Path, str], Path]) -> Path:
    return copy_small_film(tmp_path / "film", "target")


def test_training_ends_at_the_next_checkpoint_and_stays_fresh(film: Path) -> None:
    progress = ImpatientProgress(film)
    assert pipeline.run(job(film, progress), last="train") == ["train"]
    model, stop = job(film).load(TrainedModel), job(film).load(TrainingStop)
    assert (model.steps, model.is_stopped, stop.step) == (2, True, 2)
    assert progress.steps == [0]
    assert any("as a person asked" in one for one in progress.messages)
    assert pipeline.run(job(film), last="train") == []
    # Training again gives the same model, because the wish is part of what it is made from.
    assert pipeline.run(job(film), first="train", last="train") == ["train"]
    assert job(film).load(TrainedModel) == model


def test_without_the_file_training_goes_on(film: Path) -> None:
    pipeline.run(job(film, ImpatientProgress(film)), last="train")
    (film / TrainingStop.PATH).unlink()
    stages = {stage.name: state for stage, state in pipeline.status(job(film))}
    assert stages["train"].reason == "05-train/stop.json is gone"
    assert pipeline.run(job(film), last="train") == ["train"]
    model = job(film).load(TrainedModel)
    assert (model.steps, model.is_stopped) == (4, False)
    curve = job(film).load(LossCurve)
    assert [point.step for point in curve.points] == [0, 2, 4]
    assert curve.lut is not None
    assert curve.baseline == curve.points[0].held_out


def test_a_wish_for_another_training_does_not_count(film: Path) -> None:
    """One that was left, and one for a training with other settings."""
    (film / "05-train").mkdir()
    (film / TrainingStop.PATH).write_text(TrainingStop().to_json())
    pipeline.run(job(film), last="train")
    assert not job(film).load(TrainedModel).is_stopped
    assert not (film / TrainingStop.PATH).exists()
    place = film / "film.toml"
    place.write_text(place.read_text().replace("steps = 4", "steps = 6"))
    pipeline.run(job(film, ImpatientProgress(film)), last="train")
    assert job(film).load(TrainedModel).steps == 2
    place.write_text(place.read_text().replace("steps = 6", "steps = 4"))
    pipeline.run(job(film), last="train")
    assert job(film).load(TrainedModel).steps == 4


class LookingProgress(RecordingProgress):
    """Looks for the newest checkpoint of the training under way, at each step."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder / "05-train"
        self.steps: list[int | None] = []

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        for item in items:
            yield item
            if label == "Training":
                self.steps.append(newest_step(self._folder))


def test_only_while_training_works_its_newest_checkpoint_can_be_loaded(film: Path) -> None:
    progress = LookingProgress(film)
    pipeline.run(job(film, progress), last="train")
    assert progress.steps == [2, 4]
    assert newest_step(film / "05-train") is None
    assert not [*(film / "05-train").glob(".*")]
