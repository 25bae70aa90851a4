"""A run tells a display which stage it works on and the time left; simpler displays still work."""

from dataclasses import replace
from itertools import pairwise

import pytest

from unfade.film.clip import Clips
from unfade.film.pair import Pair, PairList
from unfade.film.shot import Shot
from unfade.film.stage_names import STAGE_NAMES
from unfade.film.time import FrameRange
from unfade.pipeline import run as pipeline
from unfade.pipeline import watch
from unfade.pipeline.amounts import amounts_of
from unfade.pipeline.time_left import COSTS
from unfade.work.job import Job
from unfade.work.progress import RunningStage

from ..fixtures import RecordingProgress, make_clip


class StageProgress(RecordingProgress):
    """Keeps the stages that a run enters, and the time left at each."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[tuple[RunningStage, float]] = []

    def enter_stage(self, stage: RunningStage) -> None:
        self.stages.append((stage, stage.time_left_s()))


@pytest.mark.usefixtures("ran")
def test_a_display_is_told_every_stage_and_the_time_left(job: Job) -> None:
    progress = StageProgress()
    pipeline.run(replace(job, progress=progress))
    assert [(one.number, one.count, one.name) for one, _ in progress.stages] == [
        (number, 8, name) for number, name in enumerate(STAGE_NAMES, start=1)
    ]
    left = [seconds for _, seconds in progress.stages]
    assert all(after < before for before, after in pairwise(left))
    assert left[-1] > 0


@pytest.mark.usefixtures("ran")
def test_a_progress_that_only_tracks_and_says_gets_a_line_for_each_stage(job: Job) -> None:
    progress = RecordingProgress()
    pipeline.run(replace(job, progress=progress))
    assert [line.split(":")[0] for line in progress.messages] == [
        f"{number}/8 {name}" for number, name in enumerate(STAGE_NAMES, start=1)
    ]


@pytest.mark.usefixtures("ran")
def test_stages_that_do_not_run_are_not_waited_for(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(job, last="train")
    # Fakes take less than the hundredth of a second to which costs are recorded.
    monkeypatch.setattr(watch, "_earlier_seconds", lambda job: {})
    progress = StageProgress()
    pipeline.run(replace(job, progress=progress), last="render")
    (stage, left_s), *others = progress.stages
    assert stage.name == "render"
    assert others == []
    whole = StageProgress()
    pipeline.run(replace(job, progress=whole), first="render")
    assert left_s < whole.stages[0][1]


@pytest.mark.usefixtures("ran")
def test_fresh_stages_after_one_that_is_run_again_are_not_waited_for(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(job)
    monkeypatch.setattr(watch, "_earlier_seconds", lambda job: {})
    again, alone = StageProgress(), StageProgress()
    assert pipeline.run(replace(job, progress=again), first="align") == ["align"]
    pipeline.run(replace(job, progress=alone), first="align", last="align")
    assert again.stages[0][1] == pytest.approx(alone.stages[0][1], rel=0.01)


def test_amounts_are_known_before_any_stage_has_run(job: Job) -> None:
    amounts = amounts_of(job)
    units = {unit for cost in COSTS.values() for unit in (*cost.before, *cost.during, *cost.after)}
    assert units <= amounts.keys()
    assert all(value > 0 for value in amounts.values())


def test_amounts_come_from_the_artefacts(job: Job) -> None:
    scan = make_clip(job.project.source.path, FrameRange(first=1, last=10), 1000, 500)
    job.save(Clips(source=scan, references={"dvd": make_clip("dvd.mpg", scan.frames, 720, 576)}))
    shot = Shot(number=1, frames=scan.frames)
    pairs = tuple(Pair(source=frame, picture="a.png", shot=1) for frame in (2, 4))
    job.save(PairList(shots=(shot,), pairs=pairs))
    render = job.project.render.model_copy(update={"first": 9, "last": 99})
    part = replace(job, project=job.project.model_copy(update={"render": render}))
    assert amounts_of(part) == pytest.approx(
        {
            "run": 1,
            "shot": 1,
            "pair": 2,
            "pair megapixel": 1.0,
            "thousand steps": part.project.train.steps / 1000,
            "megapixel": 5.0,
            "reference megapixel": 10 * 720 * 576 / 1e6,
            "rendered megapixel": 1.0,
        }
    )
