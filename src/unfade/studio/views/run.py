"""The stages of a film: fresh or stale and why, runs, progress, log."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError
from unfade.film.delivery import Delivery
from unfade.film.stage_names import STAGE_NAMES, STAGE_TASKS, folder_name
from unfade.studio.films import FilmPlace
from unfade.studio.pages import command_of, film_of, page, studio_of, text_of
from unfade.studio.run_record import read_log
from unfade.studio.studio import Studio, in_thread


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
    return await queue_run(studio, place, await command_of(request))


async def queue_run(studio: Studio, place: FilmPlace, command: dict[str, Any]) -> Response:
    """Puts a run of a film on the queue.

    Raises:
        ProjectError: there is no such run, or the same one waits already.
        WorkError: the film has no delivery to verify, or the record cannot be written.
    """
    arguments = await in_thread(_arguments, place, command)
    what = f"{' '.join([arguments[0], *arguments[2:-1]])} {place.shown_folder}"
    record = await in_thread(studio.runs.add, what, place.folder, arguments)
    await studio.events.send("runs")
    return JSONResponse({"run": record.id})


def _arguments(place: FilmPlace, command: dict[str, Any]) -> list[str]:
    """The command line of a run.

    Raises:
        ProjectError: the verb or a stage is unknown.
        WorkError: the film has no delivery to verify.
    """
    verb = text_of(command, "verb")
    if verb == "verify":
        bag = Path(place.job().load(Delivery).bag).name
        return [verb, str(place.folder / folder_name("deliver") / bag)]
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
