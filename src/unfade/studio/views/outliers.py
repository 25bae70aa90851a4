"""Outliers: the queue by weight, a person's decision on each, rounds of improvement."""

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.pipeline.approve import MAX_NAME_LENGTH, MAX_NOTE_LENGTH
from unfade.studio import outlier_queue
from unfade.studio.pages import command_of, film_of, page, studio_of, text_of
from unfade.studio.person_text import line_of
from unfade.studio.studio import in_thread

QueueEdit = Callable[[outlier_queue.QueuedOutlier, str], tuple[str, str]]
"""The sentence about an edit of film.toml for an outlier, and the new text, from the old one."""


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    queue = None if state.error else await in_thread(outlier_queue.outlier_queue, place)
    return page(request, "outliers", state.title, place, state=state, queue=queue)


async def accept(request: Request) -> Response:
    """Adds the pair that would mend an outlier to film.toml."""
    return await _edit(request, outlier_queue.accepted)


async def take_back(request: Request) -> Response:
    """Takes that pair out of film.toml again."""
    return await _edit(request, outlier_queue.taken_back)


async def _edit(request: Request, edit: QueueEdit) -> Response:
    studio, place, command = studio_of(request), await film_of(request), await command_of(request)
    id, seen = text_of(command, "outlier"), text_of(command, "digest")
    outlier = (await in_thread(outlier_queue.outlier_queue, place)).find(id)
    await in_thread(studio.choices.make, place.project_file, seen, partial(edit, outlier))
    return await _changed(request, place.id)


async def dismiss(request: Request) -> Response:
    """Puts on record that an outlier is no fault."""
    return await _decide(request, withdrawn=False)


async def reopen(request: Request) -> Response:
    """Puts on record that an outlier is a fault after all."""
    return await _decide(request, withdrawn=True)


async def _decide(request: Request, *, withdrawn: bool) -> Response:
    place, command = await film_of(request), await command_of(request)
    await in_thread(
        outlier_queue.decide,
        place,
        text_of(command, "outlier"),
        line_of(command, "by", "the name", MAX_NAME_LENGTH),
        line_of(command, "reason", "the reason", MAX_NOTE_LENGTH),
        withdrawn=withdrawn,
    )
    return await _changed(request, place.id)


async def _changed(request: Request, film: str) -> Response:
    await studio_of(request).events.send("film", film=film)
    return JSONResponse({})


ROUTES = [
    Route("/film/{film}/outliers", show),
    Route("/film/{film}/outliers/accept", accept, methods=["POST"]),
    Route("/film/{film}/outliers/take-back", take_back, methods=["POST"]),
    Route("/film/{film}/outliers/dismiss", dismiss, methods=["POST"]),
    Route("/film/{film}/outliers/reopen", reopen, methods=["POST"]),
]
