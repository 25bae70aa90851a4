"""The report in place, a person's decision, delivery and verification."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError
from unfade.film.approval import Decision
from unfade.pipeline.approve import MAX_NAME_LENGTH, MAX_NOTE_LENGTH
from unfade.studio import sign_off
from unfade.studio.pages import command_of, film_of, page, studio_of, text_of
from unfade.studio.person_text import line_of
from unfade.studio.sign_off import REPORT_FILE
from unfade.studio.stage_files import stage_file
from unfade.studio.studio import in_thread

_POLICY = (
    "sandbox allow-scripts; default-src 'none'; img-src data: blob:; media-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
"""What the report may do: run its own script on its own pictures. It has no origin, so that it
reaches neither the studio nor the network."""


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    signed = None if state.error else await in_thread(sign_off.sign_off, place, studio.runs)
    return page(request, "report", state.title, place, state=state, signed=signed)


async def file(request: Request) -> Response:
    """A file of the report: its page, without any right to reach the studio, or a picture."""
    place, name = await film_of(request), request.path_params["name"]
    if name.endswith(".html") and name != REPORT_FILE:
        raise HTTPException(404)
    answer = await in_thread(stage_file, request, place, "validate")
    if name == REPORT_FILE:
        answer.headers["content-security-policy"] = _POLICY
    return answer


async def decide(request: Request) -> Response:
    """Puts on record what a person decides on the masters."""
    place, command = await film_of(request), await command_of(request)
    decision = _decision(text_of(command, "decision"))
    by = line_of(command, "by", "the name", MAX_NAME_LENGTH)
    note = line_of(command, "note", "the note", MAX_NOTE_LENGTH, may_be_empty=True)
    await in_thread(sign_off.decide, place, decision, by, note, text_of(command, "seen"))
    await studio_of(request).events.send("film", film=place.id)
    return JSONResponse({})


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
