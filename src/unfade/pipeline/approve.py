"""Records what a person decides on a rendering."""

import datetime

from unfade.errors import ProjectError, WorkError
from unfade.film.approval import Approval, Decision
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.pipeline.freshness import status
from unfade.work.approvals import add_approval
from unfade.work.digest_cache import digest
from unfade.work.job import Job
from unfade.work.lock import lock_folder
from unfade.work.people_records import one_line

DECIDED_STAGES = ("render", "validate")
"""Stages whose results a person decides on."""


MAX_NAME_LENGTH, MAX_NOTE_LENGTH = 200, 10_000
"""Characters of a name and of a remark: as in film.toml, so that records stay readable."""


def decide(job: Job, decision: Decision, by: str, note: str = "") -> Approval:
    """Adds a person's decision on the masters and the report to the film's record.

    Args:
        job: the project and its work directory.
        decision: what the person decides.
        by: name of the person.
        note: a remark for the record.

    Raises:
        ProjectError: the name is empty, or name or note are too long or hold control characters.
        WorkError: masters or report are missing or stale, or a run works in the work directory.
    """
    by = one_line("--by:", by, MAX_NAME_LENGTH)
    note = one_line("--note:", note, MAX_NOTE_LENGTH)
    if not by:
        raise ProjectError("--by: is empty; give the name of the person who decides")
    with lock_folder(job.root, job.progress.say):
        for stage, current in status(job):
            if stage.name in DECIDED_STAGES and current.state != "fresh":
                raise WorkError(
                    f"{job.root}: {stage.name} is {current.state} ({current.reason}), and a "
                    "decision is on masters and a report that belong together; run 'unfade run' "
                    "first"
                )
        rendering, report = job.load(Rendering), job.load(Report)
        approval = Approval(
            by=by,
            decision=decision,
            date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            note=note,
            version=rendering.version,
            frames=len(rendering.frames),
            model_id=rendering.model_id,
            verdict=report.verdict,
            masters_sha256=rendering.masters_sha256(),
            report_sha256=digest(job.root / Report.PATH),
        )
        add_approval(job.root, approval)
    return approval
