"""Runs the stages that are not fresh, in order.

A stage is imported when it runs, because importing torch takes seconds.
"""

import importlib
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from unfade.errors import WorkError
from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline import preflight
from unfade.pipeline.clock import Clock
from unfade.pipeline.freshness import (
    ElementCache,
    freshness,
    inputs,
    outputs,
    receipt_in,
    settings,
    status,
)
from unfade.pipeline.stages import STAGES, Stage, check_stages
from unfade.pipeline.watch import WatchedProgress
from unfade.work.digest_cache import DIGEST_CACHE, ELEMENT_DIGESTS
from unfade.work.job import Job
from unfade.work.lock import lock_folder
from unfade.work.memory import return_freed_memory
from unfade.work.receipt import UNFINISHED, Outputs, Receipt
from unfade.work.software import software_versions
from unfade.work.units import prepare_results, remove_results
from unfade.work.writing import clear_partials, clear_partials_of, write_text

__all__ = ["STAGES", "Stage", "freshness", "run", "run_stage", "status"]


def run(job: Job, first: str | None = None, last: str | None = None) -> list[str]:
    """Runs the stages that are not fresh, in order.

    If all are fresh, the work directory is neither locked nor changed.

    Args:
        job: the project and its work directory.
        first: a stage to run even if it is fresh; the stages before it must be fresh.
        last: the stage to stop after; None for all stages.

    Returns:
        The names of the stages that were run.

    Raises:
        UnfadeError: there is no such stage, a stage failed, a file of film.toml is missing, or
            another run uses the work directory.
    """
    check_stages(first, last)
    end = STAGE_NAMES.index(last) if last else len(STAGES) - 1
    stages = STAGES[: end + 1]
    watched = WatchedProgress(job.progress, stages)
    job = replace(job, progress=watched)
    elements = ElementCache(job)

    def is_due(stage: Stage) -> bool:
        return stage.name == first or freshness(stage, job, elements).state != "fresh"

    # What comes after a stage that runs becomes stale, unless its result is the same.
    begin = next((index for index, stage in enumerate(stages) if is_due(stage)), len(stages))
    due = STAGE_NAMES[begin : end + 1]
    if not due:
        with suppress(WorkError):
            job.save_digests()
        return []
    preflight.check(job, STAGE_NAMES[end], due)
    with lock_folder(job.root, job.progress.say):
        return _run(job, stages, due, first, elements, watched)


def _run(
    job: Job,
    stages: tuple[Stage, ...],
    due: Collection[str],
    first: str | None,
    elements: ElementCache,
    watched: WatchedProgress,
) -> list[str]:
    for name in (DIGEST_CACHE, ELEMENT_DIGESTS):
        clear_partials_of(job.root / name)
    # A fresh stage that is run again usually gives the same result, so that those after it stay.
    for stage in takewhile(lambda one: freshness(one, job, elements).state == "fresh", stages):
        watched.time_left.leave_out(stage.name)
    done, start = [], STAGE_NAMES.index(first) if first else 0
    for index, stage in enumerate(stages):
        current = freshness(stage, job, elements)
        if index < start and current.state != "fresh":
            earlier = STAGE_NAMES[start - 1]
            raise WorkError(
                f"{job.root}: {stage.name} is {current.state} ({current.reason}); "
                f"first run the stages up to '{earlier}' (--to {earlier}, or last='{earlier}' in "
                "Python)"
            )
        if current.state != "fresh" or stage.name == first:
            watched.enter(stage, job)
            run_stage(stage, job, elements)
            done.append(stage.name)
        else:
            watched.time_left.leave_out(stage.name)
        if stage.name == "ingest" and len(stages) > 1:
            preflight.check_scan(job, due)
    job.save_digests()
    return done


def run_stage(stage: Stage, job: Job, elements: ElementCache | None = None) -> None:
    """Runs one stage and writes its receipt.

    The old receipt stays until the new one replaces it, so that a stage that fails before it has
    written anything is still fresh. While `UNFINISHED` exists, a receipt is checked more strictly.

    Raises:
        WorkError: an element that an earlier run read is gone.
    """
    elements, clock = elements or ElementCache(job), Clock()
    folder = job.folder(stage.name)
    _check_elements(stage, job, folder, elements)
    write_text(folder / UNFINISHED, "")
    clear_partials(folder)
    begun = begun_receipt(stage, job, elements)
    media = importlib.import_module("unfade.media")
    media.check_config(job.colors)
    media.check_colorspace(job.project.render.colorspace, job.colors)
    prepare_results(folder, begun.to_json())
    job.forget_made()
    stage_function(stage.name)(job)
    return_freed_memory()
    receipt = begun.model_copy(update={"outputs": outputs(stage, job), "cost": clock.cost()})
    write_text(folder / Receipt.PATH, receipt.to_json())
    remove_results(folder)
    (folder / UNFINISHED).unlink()
    job.save_digests()


def begun_receipt(stage: Stage, job: Job, elements: ElementCache) -> Receipt:
    """The receipt of a stage that begins: all that it depends on, without outputs and cost."""
    return Receipt(
        stage=stage.name,
        revision=stage.revision,
        settings=settings(stage, job.project),
        inputs=inputs(stage, job, elements),
        outputs=Outputs(),
        versions=software_versions(),
    )


def stage_function(name: str) -> Callable[[Job], None]:
    """The function that runs a stage; its module is imported by this call."""
    function: Callable[[Job], None] = importlib.import_module(f"unfade.{name}.stage").run
    return function


def _check_elements(stage: Stage, job: Job, folder: Path, elements: ElementCache) -> None:
    """Stops a stage whose elements are gone, such as a disk not mounted, to keep its results.

    Raises:
        WorkError: an element that the receipt names has no file.
    """
    try:
        recorded = receipt_in(folder).inputs
    except (OSError, ValueError):
        return
    for role, path in stage.elements(job).items():
        if role in recorded and elements.element(role, path) is None:
            raise WorkError(
                f"{job.resolve(path)}: {role} is gone; mount or restore it, or correct its path in "
                "film.toml"
            )
