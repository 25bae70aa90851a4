"""The application: the routes of all pages, and what runs while it serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from unfade.errors import UnfadeError
from unfade.studio.events import EventNumber
from unfade.studio.pages import show_failure, show_http_failure, studio_of
from unfade.studio.studio import Studio
from unfade.studio.turns import EVENTS_PATH, Turns
from unfade.studio.views import construct, films, outliers, pairs, report, run, training, viewer


def make_app(studio: Studio) -> Starlette:
    """The application of a studio; `Guard` has to stand before it."""

    @asynccontextmanager
    async def watching(app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(studio.watch())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    routes: list[BaseRoute] = [
        Route(EVENTS_PATH, _events),
        Mount("/static", StaticFiles(packages=[("unfade.studio", "static")])),
        *films.ROUTES,
        *run.ROUTES,
        *viewer.ROUTES,
        *pairs.ROUTES,
        *construct.ROUTES,
        *training.ROUTES,
        *outliers.ROUTES,
        *report.ROUTES,
    ]
    handlers = {UnfadeError: show_failure, HTTPException: show_http_failure}
    app = Starlette(
        routes=routes,
        lifespan=watching,
        exception_handlers=handlers,
        middleware=[Middleware(Turns), Middleware(EventNumber, studio.events)],
    )
    app.state.studio = studio
    return app


async def _events(request: Request) -> Response:
    """The stream of live events of a page: those after the last that it has, which a browser names
    when it connects again, or else after the one in the address."""
    last_id = request.headers.get("last-event-id") or request.query_params.get("after")
    stream = studio_of(request).events.stream(last_id)
    return StreamingResponse(stream, media_type="text/event-stream")
