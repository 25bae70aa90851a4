"""Pairs of a film."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from unfade.studio.pages import film_of, page, studio_of
from unfade.studio.studio import in_thread


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    return page(request, "pairs", state.title, place, state=state)


ROUTES = [Route("/film/{film}/pairs", show)]
