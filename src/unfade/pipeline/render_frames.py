"""Renders a range of frames, beside other processes that render other ranges."""

import importlib
from collections.abc import Callable

from unfade.errors import WorkError
from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline.freshness import ElementCache, freshness
from unfade.pipeline.run import begun_receipt
from unfade.pipeline.stages import STAGES
from unfade.work.job import Job
from unfade.work.lock import lock_frames
from unfade.work.receipt import UNFINISHED
from unfade.work.units import has_key, prepare_results

RENDER = STAGE_NAMES.index("render")
"""Place of render among the stages."""


def render_frames(job: Job, first: int, last: int) -> int:
    """Renders those masters of a range of frames that do not exist yet. A later run of the stage
    records them.

    Args:
        job: the project and its work directory, of which other processes may render other frames.
        first: first frame.
        last: last frame.

    Returns:
        The number of masters in the range; 0 if the stage is fresh.

    Raises:
        UnfadeError: an earlier stage is not fresh, no frame of the range is to be rendered, or
            another process renders some of it.
    """
    elements = ElementCache(job)
    for earlier in STAGES[:RENDER]:
        state = freshness(earlier, job, elements)
        if state.state != "fresh":
            raise WorkError(
                f"{job.root}: {earlier.name} is {state.state} ({state.reason}); first run "
                f"'unfade run --to {STAGE_NAMES[RENDER - 1]} {job.project_file}'"
            )
    stage = STAGES[RENDER]
    render = importlib.import_module("unfade.render.stage")
    part: list[int] = render.frames_of_part(job, first, last)
    if freshness(stage, job, elements).state == "fresh":
        return 0
    folder = job.folder(stage.name)
    render.is_prepared(job)  # Takes time once, while nobody waits for it.

    def prepare(check_alone: Callable[[], None]) -> None:
        key = begun_receipt(stage, job, elements).to_json()
        if has_key(folder, key) and render.is_prepared(job):
            return
        check_alone()
        (folder / UNFINISHED).touch()
        prepare_results(folder, key)
        render.prepare(job)

    with lock_frames(job.root, first, last, job.progress.say, prepare):
        render.render_part(job, part)
    return len(part)
