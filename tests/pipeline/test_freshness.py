"""Freshness of stages by their receipts: what runs again, and why."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import unfade
from unfade.errors import WorkError
from unfade.film.stage_names import STAGE_NAMES, folder_name
from unfade.pipeline import preflight
from unfade.pipeline import run as pipeline
from unfade.pipeline.freshness import ElementCache, _changes, receipt_in
from unfade.project.settings import (
    AlignSection,
    DeliverSection,
    PairSection,
    ReferenceSection,
    RenderSection,
    SourceSection,
    TrainSection,
)
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.receipt import Receipt


def test_every_stage_runs_once_in_order(job: Job, ran: list[str]) -> None:
    assert pipeline.run(job) == list(STAGE_NAMES) == ran
    assert pipeline.run(job) == []
    assert {freshness.state for _, freshness in pipeline.status(job)} == {"fresh"}


def test_a_render_setting_does_not_run_training_again(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    newer = changed(job, render=RenderSection(version=2))
    reasons = {stage.name: freshness.reason for stage, freshness in pipeline.status(newer)}
    assert reasons["train"] == ""
    assert reasons["render"] == "render.version was 1, is 2"
    assert reasons["validate"] == "render.version was 1, is 2"
    assert pipeline.run(newer) == ["render", "validate", "deliver"]


def test_an_unchanged_output_does_not_run_later_stages(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    looser = job.project.model_copy(update={"align": AlignSection(max_residual=2)})
    assert pipeline.run(Job(looser, job.root, SilentProgress())) == ["align", "validate", "deliver"]


def test_a_changed_element_makes_its_stages_stale(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "dvd.mpg").write_text("another movie")
    (ingest, freshness), *_ = pipeline.status(job)
    assert (ingest.name, freshness.reason) == ("ingest", "the reference dvd has changed")
    assert pipeline.run(job) == ["ingest", "curate", "align", "target"]


def test_a_changed_master_in_a_bag_is_noticed(finished_film: Path) -> None:
    """As a link to the master of render it is the same; another file in its place is not."""
    film = unfade.open(finished_film)
    master = min((finished_film / "08-deliver").glob("*/data/masters/*.exr"))
    master.unlink()
    os.link(finished_film / "06-render" / master.name, master)
    assert {stage.state for stage in film.status()} == {"fresh"}
    master.unlink()
    master.write_bytes(b"another picture")
    last = film.status()[-1]
    assert (last.name, last.state) == ("deliver", "stale")
    assert last.reason.endswith(f"{master.name} was changed")


def test_a_lost_output_is_made_again(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "06-render/rendering.json").unlink()
    assert pipeline.status(job)[5][1].reason == "06-render/rendering.json is gone"
    assert "render" in pipeline.run(job)


def test_a_stage_that_failed_runs_again(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> Callable[[Job], None]:
        raise WorkError("disk full")

    pipeline.run(job, last="curate")
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "stage_function", fail)
        with pytest.raises(WorkError, match="disk full"):
            pipeline.run(job)
    assert pipeline.status(job)[2][1].state == "missing"
    assert pipeline.run(job, last="align") == ["align"]


def test_from_runs_a_fresh_stage_again(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    assert pipeline.run(job, first="render", last="render") == ["render"]


def test_from_needs_what_comes_before_it(job: Job, ran: list[str]) -> None:
    remedy = r"first run the stages up to 'train' \(--to train, or last='train' in Python\)$"
    with pytest.raises(WorkError, match=r"ingest is missing \(.*\); " + remedy):
        pipeline.run(job, first="render")


def test_from_after_to_is_refused(job: Job, ran: list[str]) -> None:
    with pytest.raises(WorkError, match=r"'render', .*after 'train', the last; swap the two$"):
        pipeline.run(job, first="render", last="train")


def test_a_receipt_records_settings_inputs_and_versions(job: Job, ran: list[str]) -> None:
    pipeline.run(job, last="ingest")
    receipt = Receipt.from_json((job.root / "01-ingest/receipt.json").read_text())
    assert receipt.settings["source.path"] == "scan.%04d.dpx"
    assert receipt.versions.keys() >= {"unfade", "torch", "python"}
    assert receipt.inputs.keys() == {"the source", "the reference dvd"}


def test_another_color_config_makes_everything_stale(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OCIO", raising=False)
    pipeline.run(job)
    monkeypatch.setenv("OCIO", "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4")
    job = Job(job.project, job.root, SilentProgress())
    freshness = pipeline.freshness(pipeline.STAGES[0], job)
    assert (freshness.state, freshness.reason) == (
        "stale",
        "the OpenColorIO config or view has changed",
    )
    pipeline.run(job)
    assert pipeline.run(job) == []
    receipt = (job.root / "06-render/receipt.json").read_text()
    assert "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4" in receipt
    monkeypatch.delenv("OCIO")
    pipeline.run(Job(job.project, job.root, SilentProgress()))
    assert ran == list(STAGE_NAMES) * 3


def trained(job: Job, **train: Any) -> Job:
    changed = job.project.model_copy(update={"train": TrainSection(**train)})
    return Job(changed, job.root, SilentProgress())


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


def test_training_of_an_older_revision_is_stale(job: Job, ran: list[str]) -> None:
    """Revision 4 wrote model files and checkpoints with other tensor names, which are refused."""
    pipeline.run(job)
    path = job.root / "05-train/receipt.json"
    receipt = Receipt.from_json(path.read_text())
    path.write_text(receipt.model_copy(update={"revision": 4}).to_json())
    reasons = {stage.name: freshness.reason for stage, freshness in pipeline.status(job)}
    assert reasons["train"].startswith("this version of Unfade does it differently")
    assert pipeline.run(job)[0] == "train"


def changed(job: Job, **sections: object) -> Job:
    return Job(job.project.model_copy(update=sections), job.root, SilentProgress())


def test_a_delivery_setting_runs_only_deliver(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    credited = changed(job, deliver=DeliverSection(institution="Archive", note="Reel 2 is lost"))
    assert pipeline.run(credited) == ["deliver"]


@pytest.mark.parametrize("stage", ["curate", "align", "train", "render", "validate"])
def test_a_changed_artefact_of_the_bag_runs_deliver_again(
    job: Job, ran: list[str], stage: str
) -> None:
    """The bag holds pairs, alignments, model, masters and report."""
    paths = {
        "curate": "pairs.json",
        "align": "alignments.json",
        "train": "model.json",
        "render": "rendering.json",
        "validate": "report.json",
    }
    pipeline.run(job)
    (job.root / folder_name(stage) / paths[stage]).write_text("another")
    deliver = pipeline.STAGES[-1]
    assert pipeline.freshness(deliver, job).state == "stale"


def test_a_changed_file_without_a_digest_in_an_artefact_makes_stages_stale(
    job: Job, ran: list[str]
) -> None:
    weight = job.folder("align") / "weight-000001.exr"
    weight.write_text("trusted")
    pipeline.run(job)
    weight.write_text("doubted")
    os.utime(weight, ns=(1, 1))
    target = pipeline.STAGES[3]
    reason = pipeline.freshness(target, job).reason
    assert reason == "03-align/weight-000001.exr has changed"


def test_touched_and_moved_elements_leave_all_fresh(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    for name in ("scan.0001.dpx", "dvd.mpg"):
        os.utime(job.root / name, ns=(1, 1))
    assert pipeline.run(job) == []
    (job.root / "disk").mkdir()
    for name in ("scan.0001.dpx", "dvd.mpg"):
        shutil.copy(job.root / name, job.root / "disk")
        (job.root / name).unlink()
    source = SourceSection(path="disk/scan.%04d.dpx")
    reference = ReferenceSection(path="disk/dvd.mpg", name="dvd")
    moved = changed(job, source=source, reference=(reference,))
    assert pipeline.run(moved) == []
    (job.root / "disk/scan.0001.dpx").write_text("FRAME")
    os.utime(job.root / "disk/scan.0001.dpx", ns=(1, 1))
    assert pipeline.run(moved)[0] == "ingest"


def test_a_project_that_is_copied_with_its_elements_is_fresh(
    job: Job, ran: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    pipeline.run(job)
    moved = tmp_path_factory.mktemp("other") / "deep/er"
    shutil.copytree(job.root, moved, copy_function=shutil.copyfile)
    assert pipeline.run(Job(job.project, moved, SilentProgress())) == []


def test_an_element_that_comes_back_unchanged_is_fresh(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "scan.0001.dpx").rename(job.root / "unmounted")
    assert pipeline.status(job)[0][1].reason == "the source is gone"
    with pytest.raises(WorkError, match=r"scan.%04d.dpx: the source is gone; mount or restore it"):
        pipeline.run(job)
    (job.root / "unmounted").rename(job.root / "scan.0001.dpx")
    assert pipeline.run(job) == []


def test_a_missing_element_and_one_no_longer_used_have_different_reasons(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (job.root / "old.safetensors").write_text("model")
    monkeypatch.setenv("OCIO", "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4")
    started = trained(job, start_from="old.safetensors")
    pipeline.run(started)
    train = pipeline.STAGES[4]
    receipt = receipt_in(job.root / "05-train")
    why = [*_changes(train, job, receipt, ElementCache(job))]
    assert why[-1] == "the model to start from is no longer used"
    (job.root / "old.safetensors").unlink()
    (job.root / "04-target/targets.json").unlink()
    monkeypatch.delenv("OCIO")
    now = Job(started.project, started.root, SilentProgress())
    assert [*_changes(train, now, receipt, ElementCache(now))] == [
        "04-target/targets.json is gone",
        "the OpenColorIO config or view has changed",
        "the model to start from is gone",
    ]


def test_frames_that_are_gone_are_counted(job: Job, ran: list[str]) -> None:
    (job.root / "scan.0002.dpx").write_text("another frame")
    pipeline.run(job)
    (job.root / "scan.0002.dpx").unlink()
    assert pipeline.status(job)[0][1].reason == "the source has 1 file, had 2"


def test_status_reads_no_file_twice(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the next process, as long as sizes and times of change stay the same."""
    pipeline.run(job)
    monkeypatch.setattr("unfade.work.digest_cache.digest", None)
    states = pipeline.status(Job(job.project, job.root, SilentProgress()))
    assert {freshness.state for _, freshness in states} == {"fresh"}


def test_points_make_align_stale_and_not_curate(job: Job, ran: list[str]) -> None:
    pair = PairSection(source=12, reference=2)
    pipeline.run(changed(job, pair=(pair,)))
    placed = pair.model_copy(update={"points": ((1.0, 2.0, 3.0, 4.5),)})
    status = pipeline.status(changed(job, pair=(placed,)))
    reasons = {stage.name: freshness.reason for stage, freshness in status}
    assert reasons["curate"] == ""
    changed_points = "pair.points of source frame 12 was absent, is [[1.0, 2.0, 3.0, 4.5]]"
    assert reasons["align"] == changed_points
    assert reasons["target"] == "align comes before it"
    assert reasons["deliver"] == changed_points


def test_a_changed_assumption_makes_validate_and_deliver_stale(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "_check_constructed", lambda job: None)
    pair = PairSection(
        source=1, reference="construct/0000001.exr", kind="constructed", aligned=True
    )
    constructed = changed(job, pair=(pair,))
    (job.root / "construct").mkdir()
    for suffix in ("exr", "png", "json", "toml"):
        (job.root / f"construct/0000001.{suffix}").write_text(suffix)
    pipeline.run(constructed)
    for name, reason in (
        ("construct/0000001.toml", "the points file of constructed frame 1 has changed"),
        ("construct/0000001.json", "the record of constructed frame 1 has changed"),
        ("construct/0000001.png", "the sheet of constructed frame 1 has changed"),
        ("palette.toml", "the palette is new"),
    ):
        (job.root / name).write_text("changed")
        stale = {
            stage.name: freshness.reason
            for stage, freshness in pipeline.status(constructed)
            if freshness.state != "fresh"
        }
        assert stale == {"validate": reason, "deliver": reason}
        assert pipeline.run(constructed) == ["validate", "deliver"]
    (job.root / "construct/0000002.toml").write_text("of no pair")
    assert pipeline.run(constructed) == []


def test_a_palette_without_constructed_frames_changes_nothing(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "palette.toml").write_text("colours")
    assert pipeline.run(job) == []
