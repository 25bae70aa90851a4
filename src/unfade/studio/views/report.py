"""The report in place, a person's decision, delivery and verification."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError, UnfadeError
from unfade.film.approval import Approval, Decision
from unfade.film.delivery import Delivery
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.stage_names import folder_name
from unfade.pipeline import approve
from unfade.studio.films import FilmPlace
from unfade.studio.pages import command_of, film_of, page, studio_of, text_of
from unfade.studio.run_record import RunRecord, read_log
from unfade.studio.runs import Runs
from unfade.studio.stage_files import dated, stage_file
from unfade.studio.studio import in_thread
from unfade.work.approvals import read_approvals
from unfade.work.job import AnArtefact, Job

REPORT_FILE = "report.html"

_POLICY = (
    "sandbox allow-scripts; default-src 'none'; img-src data: blob:; media-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
"""What the report may do: run its own script on its own pictures. It has no origin, so that it
reaches neither the studio nor the network."""


@dataclass(frozen=True)
class SignOff:
    """What the page shows. `decision` is that on these masters, in words; `older` are all decisions
    in words, the newest first. `seen` stands for the report and the decisions, by which a decision
    knows what the person has seen. `pictures` are the addresses of the stills. `check` is the
    newest run of verify on this delivery, and `found` what it said."""

    report: Report | None
    seen: str
    decision: str | None
    decided: Approval | None
    older: tuple[str, ...]
    address: str | None
    pictures: tuple[tuple[str, str], ...]
    delivery: Delivery | None
    check: RunRecord | None
    found: tuple[str, ...]


def sign_off(place: FilmPlace, runs: Runs) -> SignOff:
    """The state of report, decision, delivery and verification.

    Raises:
        ProjectError: film.toml cannot be used.
        WorkError: the record of decisions is damaged.
    """
    job = place.job()
    folder = place.folder / folder_name("validate")
    approvals, rendering = read_approvals(place.folder), _usable(job, Rendering)
    check = _verification(place, runs)
    file = folder / REPORT_FILE
    return SignOff(
        report=_usable(job, Report),
        seen=_seen(job),
        decision=approvals.in_words(rendering) if rendering else None,
        decided=approvals.of(rendering) if rendering else None,
        older=tuple(one.in_words() for one in approvals.decisions[::-1]),
        address=dated(file) if file.is_file() else None,
        pictures=tuple((path.stem, dated(path)) for path in sorted(folder.glob("*.png"))),
        delivery=_usable(job, Delivery),
        check=check,
        found=tuple(read_log(runs.log(check))[1]) if check else (),
    )


def _usable(job: Job, kind: type[AnArtefact]) -> AnArtefact | None:
    """An artefact; None if it is missing or damaged."""
    try:
        return job.load_if_made(kind)
    except UnfadeError:
        return None


def _seen(job: Job) -> str:
    """What a person sees who decides now: the digest of the report, and the number of decisions."""
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


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    signed = None if state.error else await in_thread(sign_off, place, studio.runs)
    return page(request, "report", state.title, place, state=state, signed=signed)


async def file(request: Request) -> Response:
    """A file of the report: its page, without any right to reach the studio, or a picture."""
    place, name = await film_of(request), request.path_params["name"]
    if name.endswith(".html") and name != REPORT_FILE:
        raise HTTPException(404)
    is_dated = "changed" in request.query_params
    answer = await in_thread(stage_file, place, "validate", name, is_dated=is_dated)
    if name == REPORT_FILE:
        answer.headers["content-security-policy"] = _POLICY
    return answer


async def decide(request: Request) -> Response:
    """Records what a person decides on the masters, as `unfade approve` does."""
    place, command = await film_of(request), await command_of(request)
    decision = _decision(text_of(command, "decision"))
    by, note = text_of(command, "by"), text_of(command, "note", "")
    if not by.strip():
        raise ProjectError("the name is empty; write it, because it goes on record")
    await in_thread(_decide, place, decision, by, note, text_of(command, "seen"))
    await studio_of(request).events.send("film", film=place.id)
    return JSONResponse({})


def _decide(place: FilmPlace, decision: Decision, by: str, note: str, seen: str) -> None:
    """
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


def _decision(text: str) -> Decision:
    """
    Raises:
        ProjectError: there is no such decision.
    """
    if text == "approved":
        return "approved"
    if text == "rejected":
        return "rejected"
    raise ProjectError(f"there is no decision '{text}'")


ROUTES = [
    Route("/film/{film}/report", show),
    Route("/film/{film}/report/files/{name}", file),
    Route("/film/{film}/report/decision", decide, methods=["POST"]),
]
