"""The sign-off of a film: report, decisions and notes of people, delivery and verification."""

from contextlib import suppress
from dataclasses import dataclass

from unfade.errors import ProjectError, WorkError
from unfade.film.approval import Approval, Approvals, Decision
from unfade.film.bookmark import Bookmark
from unfade.film.delivery import Delivery
from unfade.film.dismissal import Dismissal
from unfade.film.report import Report
from unfade.film.stage_names import folder_name
from unfade.pipeline import approve
from unfade.studio.films import FilmPlace
from unfade.studio.pictures.masters import load_masters
from unfade.studio.run_record import RunRecord, read_log
from unfade.studio.runs import Runs
from unfade.studio.stage_files import REPORT_FILE, dated, usable
from unfade.work.approvals import read_approvals
from unfade.work.bookmarks import read_bookmarks
from unfade.work.dismissals import read_dismissals
from unfade.work.job import Job


@dataclass(frozen=True)
class SignOff:
    """What the page of the report shows.

    `seen` stands for the report and the decisions, by which a decision knows what the person has
    seen. `masters_sha256` is empty without masters. `address` is that of the report, None without
    one; `stills` are names and addresses of its pictures. `check` is the newest run of verify on
    this delivery, and `found` what it said.
    """

    report: Report | None
    seen: str
    masters_sha256: str
    approvals: Approvals
    dismissals: tuple[Dismissal, ...]
    bookmarks: tuple[Bookmark, ...]
    address: str | None
    stills: tuple[tuple[str, str], ...]
    delivery: Delivery | None
    check: RunRecord | None
    found: tuple[str, ...]

    @property
    def decided(self) -> Approval | None:
        """The decision on these masters."""
        return self.approvals.of(self.masters_sha256)

    @property
    def decision(self) -> str:
        """The decision on these masters in words; empty without masters."""
        return self.approvals.in_words(self.masters_sha256) if self.masters_sha256 else ""


def sign_off(place: FilmPlace, runs: Runs) -> SignOff:
    """The state of report, decision, delivery and verification.

    Raises:
        ProjectError: film.toml cannot be used.
        WorkError: a record of people is damaged.
    """
    job = place.job()
    folder = place.folder / folder_name("validate")
    check = _verification(place, runs)
    masters_sha256 = ""
    with suppress(WorkError):
        masters_sha256 = load_masters(place.folder).sha256
    page = folder / REPORT_FILE
    return SignOff(
        report=usable(job, Report),
        seen=_seen(job),
        masters_sha256=masters_sha256,
        approvals=read_approvals(place.folder),
        dismissals=read_dismissals(place.folder).entries,
        bookmarks=read_bookmarks(place.folder).marks,
        address=dated(page) if page.is_file() else None,
        stills=tuple((path.stem, dated(path)) for path in sorted(folder.glob("*.png"))),
        delivery=usable(job, Delivery),
        check=check,
        found=tuple(read_log(runs.log(check))[1]) if check else (),
    )


def decide(place: FilmPlace, decision: Decision, by: str, note: str, seen: str) -> None:
    """Puts a person's decision on the masters on record, as `unfade approve` does.

    Args:
        place: the film.
        decision: what the person decides.
        by: name of the person.
        note: a remark; may be empty.
        seen: `SignOff.seen` of the page that the person has seen.

    Raises:
        ProjectError: the report is not the one that the person has seen, or the name is unfit.
        WorkError: masters or report are missing or stale, or a run works in the work directory.
    """
    job = place.job()
    if _seen(job) != seen:
        raise ProjectError(
            "the report or its decisions have changed since you looked; look again, then decide"
        )
    approve.decide(job, decision, by, note)


def _seen(job: Job) -> str:
    """The digest of the report, and the number of decisions."""
    path = job.root / Report.PATH
    digest = job.digest(path) if path.is_file() else ""
    return f"{digest} {len(read_approvals(job.root).decisions)}"


def _verification(place: FilmPlace, runs: Runs) -> RunRecord | None:
    """The newest run of verify on the delivery that is there now."""
    check = next((one for one in runs.of(place.folder) if one.arguments[0] == "verify"), None)
    delivery = place.folder / Delivery.PATH
    if check is None or not delivery.is_file():
        return check
    return check if check.asked_s > delivery.stat().st_mtime else None
