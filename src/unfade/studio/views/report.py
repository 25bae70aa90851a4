"""The report in place, a person's decision, delivery and verification."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError
from unfade.film.approval import Decision
from unfade.pipeline.approve import MAX_NAME_LENGTH, MAX_NOTE_LENGTH
from unfade.studio import sign_off
from unfade.studio.pages import command_of, film_of, page, studio_of, text_of
from unfade.studio.person_text import line_of
from unfade.studio.stage_files import stage_file
from unfade.studio.studio import in_thread


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    signed = None if state.error else await in_thread(sign_off.sign_off, place, studio.runs)
    return page(request, "report", state.title, place, state=state, signed=signed)


async def file(request: Request) -> Response:
    """The report, or a picture of it."""
    return await in_thread(stage_file, request, await film_of(request), "validate")


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
    raise ProjectError(f"there is no decision '{text}'; load the page again")


ROUTES = [
    Route("/film/{film}/report", show),
    Route("/film/{film}/report/files/{name}", file),
    Route("/film/{film}/report/decision", decide, methods=["POST"]),
]
