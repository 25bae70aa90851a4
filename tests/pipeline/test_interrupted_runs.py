"""Stages that fail or are killed, and two runs in one work directory."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from unfade.commands import app as cli
from unfade.errors import WorkError
from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline import run as pipeline
from unfade.project.settings import RenderSection
from unfade.work.job import Job
from unfade.work.lock import LOCK, lock_folder
from unfade.work.progress import SilentProgress


def newer_version(job: Job) -> Job:
    """The job with a setting changed that only render and deliver depend on."""
    project = job.project.model_copy(update={"render": RenderSection(version=2)})
    return Job(project, job.root, SilentProgress())


def failing(writes: bool) -> Callable[[str], Callable[[Job], None]]:
    def stage_function(name: str) -> Callable[[Job], None]:
        def run(job: Job) -> None:
            if writes:
                (job.folder(name) / "half.txt").write_text("half")
            raise WorkError("disk full")

        return run

    return stage_function


def test_a_stage_that_failed_before_writing_stays_fresh(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(job)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "stage_function", failing(writes=False))
        with pytest.raises(WorkError, match="disk full"):
            pipeline.run(newer_version(job))
    assert pipeline.run(job) == []


def test_a_stage_that_failed_after_writing_is_stale(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(job)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "stage_function", failing(writes=True))
        with pytest.raises(WorkError, match="disk full"):
            pipeline.run(newer_version(job))
    reason = pipeline.status(job)[5][1].reason
    assert reason == "was started again, but did not finish"
    assert "render" in pipeline.run(job)
    assert pipeline.run(job) == []


def test_a_file_of_the_same_size_by_a_killed_stage_makes_it_stale(
    job: Job, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = job.folder("align") / "weight-000001.exr"
    path.write_text("old")
    os.utime(path, ns=(1, 1))
    pipeline.run(job)

    def stage_function(name: str) -> Callable[[Job], None]:
        def run(job: Job) -> None:
            path.write_text("new")
            raise KeyboardInterrupt

        return run

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "stage_function", stage_function)
        with pytest.raises(KeyboardInterrupt):
            pipeline.run(job, first="align")
    assert pipeline.status(job)[2][1].reason == "was started again, but did not finish"


def test_a_second_run_is_refused_and_does_not_disturb_the_first(job: Job, ran: list[str]) -> None:
    """The temporary files of the first run stay."""
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


SLOW_RUN = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from unfade.commands import app as cli
from unfade.pipeline import run as pipeline
from unfade.work.progress import SilentProgress
from unfade.project.file import load_project
from unfade.work.job import Job

def stage(job):
    (job.folder("ingest") / ".scan.partial.npy").write_text("half")
    print("at work", flush=True)
    time.sleep(60)

nothing = lambda *arguments: None
sys.modules["unfade.media"] = SimpleNamespace(check_config=nothing, check_colorspace=nothing)
pipeline.stage_function = lambda name: stage
path = Path(sys.argv[1])
pipeline.run(Job(load_project(path), path.parent, SilentProgress()))
"""


def test_a_second_run_works_only_after_the_first_is_killed(
    job: Job, ran: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = job.root / "film.toml"
    path.write_text(
        '[film]\ntitle = "Reel"\n[source]\npath = "scan.%04d.dpx"\n[reference]\npath = "dvd.mpg"\n'
    )
    command = [sys.executable, "-c", SLOW_RUN, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "at work\n"
        for arguments in (["run", str(path)], ["ingest", str(path)], ["deliver", str(path)]):
            monkeypatch.setattr(sys, "argv", ["unfade", *arguments])
            with pytest.raises(SystemExit) as caught:
                cli.main()
            assert caught.value.code == 2
            message = capfd.readouterr().err
            assert f"{job.root}: is in use by process {first.pid} on" in message
            assert message.count("\n") == 1
        assert (job.root / "01-ingest/.scan.partial.npy").exists()
        first.kill()
    assert first.wait() == -signal.SIGKILL
    assert pipeline.run(job) == list(STAGE_NAMES)
    assert not list(job.root.rglob("*.partial*"))
    assert not (job.root / LOCK).exists()
