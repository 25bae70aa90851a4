"""The stages of a film: fresh or stale and why, runs, progress, log."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError
from unfade.film.stage_names import STAGE_NAMES, STAGE_TASKS
from unfade.studio.films import FilmPlace
from unfade.studio.pages import command_of, film_of, page, studio_of, text_of
from unfade.studio.run_record import read_log
from unfade.studio.studio import in_thread


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    runs = studio.runs.of(place.folder)
    log = (await in_thread(read_log, studio.runs.log(runs[0])))[1] if runs else []
    return page(
        request, "run", state.title, place, state=state, tasks=STAGE_TASKS, runs=runs[:20], log=log
    )


async def start(request: Request) -> Response:
    """Puts a run of the film on the queue."""
    studio, place = studio_of(request), await film_of(request)
    command = await command_of(request)
    arguments = _arguments(place, command)
    what = f"{' '.join([arguments[0], *arguments[2:-1]])} {place.shown_folder}"
    record = await in_thread(studio.runs.add, what, place.folder, arguments)
    await studio.events.send("runs")
    return JSONResponse({"run": record.id})


def _arguments(place: FilmPlace, command: dict[str, object]) -> list[str]:
    """The command line of a run.

    Raises:
        ProjectError: the verb or a stage is unknown.
    """
    verb = text_of(command, "verb")
    if verb not in ("run", "improve"):
        raise ProjectError(f"there is no run '{verb}'")
    arguments = [verb, str(place.project_file)]
    for key, option in (("first", "--from"), ("last", "--to")):
        stage = text_of(command, key, "")
        if stage and verb == "run":
            if stage not in STAGE_NAMES:
                raise ProjectError(f"there is no stage '{stage}'")
            arguments += [option, stage]
    return [*arguments, "--events"]


async def stop(request: Request) -> Response:
    """Stops a run, or takes it off the queue."""
    studio = studio_of(request)
    await in_thread(studio.runs.stop, request.path_params["run"])
    await studio.events.send("runs")
    return JSONResponse({})


ROUTES = [
    Route("/film/{film}/run", show),
    Route("/film/{film}/runs", start, methods=["POST"]),
    Route("/runs/{run}/stop", stop, methods=["POST"]),
]
