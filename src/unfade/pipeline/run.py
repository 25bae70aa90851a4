"""The pipeline: runs what is not fresh, in order.

Stages are imported when they are run, so that finding nothing to do takes no time.
"""

import importlib
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from unfade.errors import WorkError
from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline import preflight
from unfade.pipeline.freshness import (
    UNFINISHED,
    ElementCache,
    freshness,
    inputs,
    outputs,
    receipt_in,
    settings,
    status,
)
from unfade.pipeline.stages import STAGES, Stage
from unfade.work.elements import DIGEST_CACHE
from unfade.work.job import Job
from unfade.work.lock import lock_folder
from unfade.work.receipt import Receipt
from unfade.work.writing import clear_partials, write_text

__all__ = ["STAGES", "Stage", "freshness", "run", "run_stage", "status"]

SOFTWARE = (
    "unfade",
    "torch",
    "numpy",
    "scipy",
    "opencv-python-headless",
    "openimageio",
    "opencolorio",
    "av",
)


def run(job: Job, first: str | None = None, last: str | None = None) -> list[str]:
    """Runs what is not fresh, in order. Nothing is held or written where all is fresh.

    Args:
        job: the project and its work directory.
        first: a stage to run again even if it is fresh; those before it must be.
        last: the stage to stop after.

    Returns:
        The names of the stages that were run.

    Raises:
        UnfadeError: what a stage could not do, or another run works in the work directory.
    """
    start = STAGE_NAMES.index(first) if first else 0
    end = STAGE_NAMES.index(last) if last else len(STAGES) - 1
    if start > end:
        raise WorkError(f"'{first}' comes after '{last}'; swap --from and --to")
    stages = STAGES[: end + 1]
    seen = ElementCache(job)
    if first is None and all(freshness(one, job, seen).state == "fresh" for one in stages):
        with suppress(WorkError):
            job.save_digests()
        return []
    preflight.check(job, STAGE_NAMES[end])
    with lock_folder(job.root, job.progress.say):
        return _run(job, stages, start, first, seen)


def _run(
    job: Job, stages: tuple[Stage, ...], start: int, first: str | None, seen: "ElementCache"
) -> list[str]:
    for left_over in job.root.glob(f".{Path(DIGEST_CACHE).stem}.*.partial*"):
        left_over.unlink(missing_ok=True)
    done = []
    for number, stage in enumerate(stages):
        state = freshness(stage, job, seen)
        if number < start and state.state != "fresh":
            raise WorkError(
                f"{job.root}: {stage.name} is {state.state} ({state.reason}); "
                f"run 'unfade run' with --to {STAGE_NAMES[start - 1]} first"
            )
        if state.state != "fresh" or stage.name == first:
            job.progress.say(
                f"{number + 1}/{len(STAGES)} {stage.name}: {stage.description.lower()}"
            )
            run_stage(stage, job, seen)
            done.append(stage.name)
        if stage.name == "ingest" and len(stages) > 1:
            preflight.check_frames(job)
    job.save_digests()
    return done


def run_stage(stage: Stage, job: Job, seen: "ElementCache | None" = None) -> None:
    """Runs one stage and leaves its receipt.

    The receipt of before stays until the new one takes its place. If the stage fails before it
    wrote anything, or is killed, that receipt still counts; `UNFINISHED` says that it must be held
    against the files.

    Raises:
        WorkError: an element that an earlier run read is gone.
    """
    seen = seen or ElementCache(job)
    folder = job.folder(stage.name)
    _check_elements(stage, job, folder, seen)
    (folder / UNFINISHED).touch()
    clear_partials(folder)
    asked, read = settings(stage, job.project), inputs(stage, job, seen)
    media = importlib.import_module("unfade.media")
    media.check_config(job.colors)
    media.check_colorspace(job.project.render.colorspace, job.colors)
    entry(stage.name)(job)
    receipt = Receipt(
        stage=stage.name,
        revision=stage.revision,
        settings=asked,
        inputs=read,
        outputs=outputs(stage, job),
        versions={name: metadata.version(name) for name in SOFTWARE}
        | {"python": platform.python_version(), "platform": sys.platform},
    )
    write_text(folder / Receipt.PATH, receipt.to_json())
    (folder / UNFINISHED).unlink()
    job.save_digests()


def entry(name: str) -> Callable[[Job], None]:
    """What runs a stage, imported now and not before."""
    run_it: Callable[[Job], None] = importlib.import_module(f"unfade.{name}.stage").run
    return run_it


def _check_elements(stage: Stage, job: Job, folder: Path, seen: ElementCache) -> None:
    """Keeps what was made of an element that is gone for the moment.

    Raises:
        WorkError: there is no file where an earlier run found some.
    """
    try:
        before = receipt_in(folder).inputs
    except (OSError, ValueError):
        return
    for role, path in stage.elements(job).items():
        if role in before and seen.element(role, path) is None:
            raise WorkError(
                f"{job.resolve(path)}: {role} is gone; mount or restore it, or correct its path in "
                "film.toml"
            )
