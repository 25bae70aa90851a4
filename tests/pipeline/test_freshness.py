"""What is run again, and why: freshness of stages, by receipts."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unfade.commands import app as cli
from unfade.errors import WorkError
from unfade.film.stage_names import STAGE_NAMES, folder_name
from unfade.pipeline import run as pipeline
from unfade.pipeline.freshness import ElementCache, _changes, receipt_in
from unfade.project.settings import (
    AlignSection,
    ClipSection,
    DeliverSection,
    FilmSection,
    Project,
    ReferenceSection,
    RenderSection,
    TrainSection,
)
from unfade.work.job import Job
from unfade.work.lock import LOCK, lock_folder
from unfade.work.progress import SilentProgress
from unfade.work.receipt import Receipt


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stages that write their artefacts' places, and the order in which they were run."""
    names: list[str] = []
    places = {need.PATH for stage in pipeline.STAGES for need in stage.needs}

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
    return Job(project(), tmp_path, SilentProgress())


def test_everything_is_run_once_in_order(job: Job, ran: list[str]) -> None:
    assert pipeline.run(job) == list(STAGE_NAMES) == ran
    assert pipeline.run(job) == []
    assert {found.state for _, found in pipeline.status(job)} == {"fresh"}


def test_a_render_setting_leaves_training_alone(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    changed = Job(project(version=2), job.root, SilentProgress())
    why = {stage.name: found.reason for stage, found in pipeline.status(changed)}
    assert why["train"] == ""
    assert why["render"] == "render.version was 1, is 2"
    assert why["validate"] == "render.version was 1, is 2"
    assert pipeline.run(changed) == ["render", "validate", "deliver"]


def test_what_comes_out_the_same_is_not_followed(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    looser = job.project.model_copy(update={"align": AlignSection(max_residual=2)})
    changed = Job(looser, job.root, SilentProgress())
    assert pipeline.run(changed) == ["align", "validate", "deliver"]


def test_a_changed_element_is_seen(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "dvd.mpg").write_text("another movie")
    (ingest, found), *_ = pipeline.status(job)
    assert (ingest.name, found.reason) == ("ingest", "the reference dvd has changed")
    assert pipeline.run(job) == ["ingest", "curate", "align", "target"]


def test_a_lost_output_is_made_again(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "06-render/rendering.json").unlink()
    assert pipeline.status(job)[5][1].reason == "06-render/rendering.json is gone"
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
    found = pipeline.freshness(pipeline.STAGES[0], job)
    assert (found.state, found.reason) == ("stale", "the OpenColorIO config or view has changed")
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


def changed(job: Job, **sections: object) -> Job:
    return Job(job.project.model_copy(update=sections), job.root, SilentProgress())


def test_a_credit_is_packed_and_nothing_is_rendered_again(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    credited = changed(job, deliver=DeliverSection(institution="Archive", note="Reel 2 is lost"))
    assert pipeline.run(credited) == ["deliver"]


@pytest.mark.parametrize("stage", ["curate", "align", "train", "render", "validate"])
def test_what_is_packed_anew_when_it_changed(job: Job, ran: list[str], stage: str) -> None:
    """Pairs, alignments, model, masters and report are in the bag."""
    places = {
        "curate": "pairs.json",
        "align": "alignments.json",
        "train": "model.json",
        "render": "rendering.json",
        "validate": "report.json",
    }
    pipeline.run(job)
    (job.root / folder_name(stage) / places[stage]).write_text("another")
    deliver = pipeline.STAGES[-1]
    assert pipeline.freshness(deliver, job).state == "stale"


def test_a_file_that_no_artefact_has_a_digest_of_is_followed(job: Job, ran: list[str]) -> None:
    weight = job.folder("align") / "weight-000001.exr"
    weight.write_text("trusted")
    pipeline.run(job)
    weight.write_text("doubted")
    os.utime(weight, ns=(1, 1))
    target = pipeline.STAGES[3]
    why = pipeline.freshness(target, job).reason
    assert why == "03-align/weight-000001.exr has changed"


def test_touched_and_moved_elements_leave_all_fresh(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    for name in ("scan.0001.dpx", "dvd.mpg"):
        os.utime(job.root / name, ns=(1, 1))
    assert pipeline.run(job) == []
    (job.root / "disk").mkdir()
    for name in ("scan.0001.dpx", "dvd.mpg"):
        shutil.copy(job.root / name, job.root / "disk")
        (job.root / name).unlink()
    source = ClipSection(path="disk/scan.%04d.dpx")
    reference = ReferenceSection(path="disk/dvd.mpg", name="dvd")
    there = changed(job, source=source, reference=(reference,))
    assert pipeline.run(there) == []
    (job.root / "disk/scan.0001.dpx").write_text("FRAME")
    os.utime(job.root / "disk/scan.0001.dpx", ns=(1, 1))
    assert pipeline.run(there)[0] == "ingest"


def test_a_project_that_is_copied_with_its_elements_is_fresh(
    job: Job, ran: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    pipeline.run(job)
    there = tmp_path_factory.mktemp("other") / "deep/er"
    shutil.copytree(job.root, there, copy_function=shutil.copyfile)
    assert pipeline.run(Job(job.project, there, SilentProgress())) == []


def test_an_element_that_is_gone_for_a_while_costs_nothing(job: Job, ran: list[str]) -> None:
    pipeline.run(job)
    (job.root / "scan.0001.dpx").rename(job.root / "unmounted")
    assert pipeline.status(job)[0][1].reason == "the source is gone"
    with pytest.raises(WorkError, match=r"scan.%04d.dpx: the source is gone; mount or restore it"):
        pipeline.run(job)
    (job.root / "unmounted").rename(job.root / "scan.0001.dpx")
    assert pipeline.run(job) == []


def test_what_is_gone_and_what_is_named_no_more(
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
    assert pipeline.status(job)[0][1].reason == "the source has 1 files, had 2"


def failing(writes: bool) -> Callable[[str], Callable[[Job], None]]:
    def entry(name: str) -> Callable[[Job], None]:
        def run(job: Job) -> None:
            if writes:
                (job.folder(name) / "half.txt").write_text("half")
            raise WorkError("disk full")

        return run

    return entry


def test_a_stage_that_failed_before_it_wrote_is_as_fresh_as_before(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(job)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "entry", failing(writes=False))
        with pytest.raises(WorkError, match="disk full"):
            pipeline.run(Job(project(version=2), job.root, SilentProgress()))
    assert pipeline.run(job) == []


def test_a_stage_that_was_half_done_is_never_fresh(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(job)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "entry", failing(writes=True))
        with pytest.raises(WorkError, match="disk full"):
            pipeline.run(Job(project(version=2), job.root, SilentProgress()))
    why = pipeline.status(job)[5][1].reason
    assert why == "was begun again, and not to its end"
    assert "render" in pipeline.run(job)
    assert pipeline.run(job) == []


def test_a_file_of_the_same_size_that_a_killed_stage_wrote_is_not_taken_for_the_old_one(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = job.folder("align") / "weight-000001.exr"
    place.write_text("old")
    os.utime(place, ns=(1, 1))
    pipeline.run(job)

    def entry(name: str) -> Callable[[Job], None]:
        def run(job: Job) -> None:
            place.write_text("new")
            raise KeyboardInterrupt

        return run

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "entry", entry)
        with pytest.raises(KeyboardInterrupt):
            pipeline.run(job, first="align")
    assert pipeline.status(job)[2][1].reason == "was begun again, and not to its end"


def test_status_reads_no_file_twice(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the next process: sizes and times of change are all that is asked for."""
    pipeline.run(job)
    monkeypatch.setattr("unfade.work.elements.digest", None)
    states = pipeline.status(Job(job.project, job.root, SilentProgress()))
    assert {found.state for _, found in states} == {"fresh"}


def test_a_second_run_waits_for_nobody_and_disturbs_nobody(job: Job, ran: list[str]) -> None:
    """What a run writes half is left alone by another, which is refused."""
    partial = job.folder("ingest") / ".frame.partial.exr"
    partial.write_text("half")
    (job.root / "..digests.0123.partial.json").write_text("half")
    with lock_folder(job.root, print):
        with pytest.raises(WorkError, match=rf"is in use by process {os.getpid()} on"):
            pipeline.run(job)
        assert pipeline.status(job)[0][1].state == "missing"
    assert partial.exists()
    assert ran == []
    pipeline.run(job)
    assert not list(job.root.rglob("*.partial*"))
    with lock_folder(job.root, print):
        assert pipeline.run(job) == []


AT_WORK = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from unfade.commands import app as cli
from unfade.pipeline import run as pipeline
from unfade.commands.console import SilentProgress
from unfade.project.file import load_project
from unfade.work.job import Job

def stage(job):
    (job.folder("ingest") / ".scan.partial.npy").write_text("half")
    print("at work", flush=True)
    time.sleep(60)

nothing = lambda *arguments: None
sys.modules["unfade.media"] = SimpleNamespace(check_config=nothing, check_colorspace=nothing)
pipeline.entry = lambda name: stage
place = Path(sys.argv[1])
pipeline.run(Job(load_project(place), place.parent, SilentProgress()))
"""


def test_two_runs_at_a_time_and_a_kill_in_between(
    job: Job, ran: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = job.root / "film.toml"
    place.write_text(
        '[film]\ntitle = "Reel"\n[source]\npath = "scan.%04d.dpx"\n[reference]\npath = "dvd.mpg"\n'
    )
    command = [sys.executable, "-c", AT_WORK, str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "at work\n"
        for arguments in (["run", str(place)], ["ingest", str(place)], ["deliver", str(place)]):
            monkeypatch.setattr(sys, "argv", ["unfade", *arguments])
            with pytest.raises(SystemExit) as caught:
                cli.main()
            assert caught.value.code == 2
            told = capfd.readouterr().err
            assert f"{job.root}: is in use by process {first.pid} on" in told
            assert told.count("\n") == 1
        assert (job.root / "01-ingest/.scan.partial.npy").exists()
        first.kill()
    assert first.wait() == -signal.SIGKILL
    assert pipeline.run(job) == list(STAGE_NAMES)
    assert not list(job.root.rglob("*.partial*"))
    assert not (job.root / LOCK).exists()
