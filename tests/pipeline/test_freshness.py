"""What is run again, and why: freshness of stages, by receipts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unfade import pipeline
from unfade.console import Silence
from unfade.errors import WorkError
from unfade.film.project import (
    ClipSection,
    FilmSection,
    Project,
    ReferenceSection,
    RenderSection,
    TrainSection,
)
from unfade.film.work import STAGE_NAMES, Job, folder_name


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stages that write their artefacts' places, and the order in which they were run."""
    names: list[str] = []
    places = {need.PLACE for stage in pipeline.STAGES for need in stage.needs}

    def entry(name: str) -> Callable[[Job], None]:
        def run(job: Job) -> None:
            names.append(name)
            for place in places:
                if place.startswith(folder_name(name)):
                    job.folder(name)
                    (job.root / place).write_text(f"{job.project.render.version}")

        return run

    monkeypatch.setattr(pipeline, "entry", entry)
    return names


def project(**render: Any) -> Project:
    return Project(
        film=FilmSection(title="Reel"),
        source=ClipSection(path="scan.%04d.dpx"),
        reference=(ReferenceSection(path="dvd.mpg", name="dvd"),),
        render=RenderSection(**render),
    )


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "scan.0001.dpx").write_text("frame")
    (tmp_path / "dvd.mpg").write_text("movie")
    return Job(project(), tmp_path, Silence())


def test_everything_is_run_once_in_order(job: Job, ran: list[str]) -> None:
    assert pipeline.run(job) == list(STAGE_NAMES) == ran
    assert pipeline.run(job) == []
    assert {found.state for _, found in pipeline.status(job)} == {"fresh"}


def test_a_render_setting_leaves_training_alone(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    changed = Job(project(version=2), job.root, Silence())
    why = {stage.name: found.why for stage, found in pipeline.status(changed)}
    assert why["train"] == ""
    assert why["render"] == "render.version was 1, is 2"
    assert why["validate"] == "render comes before it"
    assert pipeline.run(changed) == ["render", "validate", "deliver"]


def test_what_comes_out_the_same_is_not_followed(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    changed = Job(project(compression="dwaa"), job.root, Silence())
    assert pipeline.run(changed) == ["render"]


def test_a_changed_element_is_seen(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "dvd.mpg").write_text("another movie")
    (ingest, found), *_ = pipeline.status(job)
    assert (ingest.name, found.why) == ("ingest", "dvd.mpg has changed")
    assert pipeline.run(job) == ["ingest", "curate", "align", "target"]


def test_a_lost_output_is_made_again(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "06-render/rendering.json").unlink()
    assert pipeline.status(job)[5][1].why == "06-render/rendering.json is gone"
    assert "render" in pipeline.run(job)


def test_a_stage_that_did_not_end_is_run_again(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> Callable[[Job], None]:
        raise WorkError("disk full")

    pipeline.run(job, last="curate")
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "entry", fail)
        with pytest.raises(WorkError, match="disk full"):
            pipeline.run(job)
    assert pipeline.status(job)[2][1].state == "missing"
    assert pipeline.run(job, last="align") == ["align"]


def test_from_runs_a_fresh_stage_again(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    assert pipeline.run(job, first="render", last="render") == ["render"]


def test_from_needs_what_comes_before_it(job: Job, ran: list[str]) -> None:
    with pytest.raises(WorkError, match="ingest is missing"):
        pipeline.run(job, first="render")


def test_from_after_to_is_refused(job: Job, ran: list[str]) -> None:
    with pytest.raises(WorkError, match="swap --from and --to"):
        pipeline.run(job, first="render", last="train")


def test_a_receipt_says_with_what_it_was_made(job: Job, ran: list[str]) -> None:
    pipeline.run(job, last="ingest")
    receipt = pipeline.Receipt.from_json((job.root / "01-ingest/receipt.json").read_text())
    assert receipt.settings["source.path"] == "scan.%04d.dpx"
    assert receipt.versions.keys() >= {"unfade", "torch", "python"}
    assert receipt.inputs.keys() == {"scan.%04d.dpx", "dvd.mpg"}


def test_another_color_config_makes_everything_stale(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OCIO", raising=False)
    pipeline.run(job)
    monkeypatch.setenv("OCIO", "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4")
    found = pipeline.freshness(pipeline.STAGES[0], job)
    assert (found.state, found.why) == ("stale", "the OpenColorIO config or view has changed")
    pipeline.run(job)
    assert pipeline.run(job) == []
    receipt = (job.root / "06-render/receipt.json").read_text()
    assert "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4" in receipt
    monkeypatch.delenv("OCIO")
    pipeline.run(job)
    assert ran == list(STAGE_NAMES) * 3


def trained(job: Job, **train: Any) -> Job:
    changed = job.project.model_copy(update={"train": TrainSection(**train)})
    return Job(changed, job.root, Silence())


def test_training_is_run_again_for_its_settings_and_for_another_earlier_model(
    job: Job, ran: list[str]
) -> None:
    (job.root / "old.safetensors").write_text("model")
    later = list(STAGE_NAMES[STAGE_NAMES.index("train") :])
    pipeline.run(job)
    assert pipeline.run(trained(job, shot_models="off"))[0] == "train"
    started = trained(job, start_from="old.safetensors")
    assert pipeline.run(started)[0] == "train"
    assert pipeline.run(started) == []
    (job.root / "old.safetensors").write_text("another model")
    assert pipeline.run(started)[0] == "train"
    assert set(ran[len(STAGE_NAMES) :]) <= set(later)
