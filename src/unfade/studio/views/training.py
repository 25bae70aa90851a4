"""Training: loss and held-out error as they come, contact sheets, an early end."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.studio.pages import film_of, page, studio_of
from unfade.studio.stage_files import stage_file
from unfade.studio.studio import in_thread
from unfade.studio.training_state import ask_to_stop, forget_stop, training_state
from unfade.studio.views.run import queue_run


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    training = None if state.error else await in_thread(training_state, place)
    return page(request, "training", state.title, place, state=state, training=training)


async def curve(request: Request) -> Response:
    """The values of the chart."""
    place = await film_of(request)
    return JSONResponse((await in_thread(training_state, place)).facts())


async def picture(request: Request) -> Response:
    """A sheet."""
    place = await film_of(request)
    return await in_thread(stage_file, request, place, "train")


async def stop(request: Request) -> Response:
    """Ends training at its next checkpoint; the best one is kept."""
    place = await film_of(request)
    await in_thread(ask_to_stop, place)
    await studio_of(request).events.send("film", film=place.id)
    return JSONResponse({})


async def train_on(request: Request) -> Response:
    """Lets a training that was ended early go on, as a run on the queue."""
    studio, place = studio_of(request), await film_of(request)
    await in_thread(lambda: forget_stop(place.job()))
    return await queue_run(studio, place, {"verb": "run", "last": "train"})


ROUTES = [
    Route("/film/{film}/training", show),
    Route("/film/{film}/training/curve", curve),
    Route("/film/{film}/training/files/{name}", picture),
    Route("/film/{film}/training/stop", stop, methods=["POST"]),
    Route("/film/{film}/training/on", train_on, methods=["POST"]),
]
