"""The stages of a film: fresh or stale and why, runs, progress, log."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError
from unfade.film.delivery import Delivery
from unfade.film.stage_names import STAGE_TASKS, folder_name
from unfade.pipeline.stages import check_stages
from unfade.studio.films import FilmPlace
from unfade.studio.pages import command_of, film_of, page, studio_of, text_of
from unfade.studio.run_record import read_log
from unfade.studio.studio import Studio, in_thread

SHOWN_RUNS = 20
"""Ended runs on a page, the newest; all are in the folder of the studio."""


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    runs = [one for one in studio.runs.of(place.folder) if one.state != "waiting"]
    log = (await in_thread(read_log, studio.runs.log(runs[0])))[1] if runs else []
    return page(
        request,
        "run",
        state.title,
        place,
        state=state,
        tasks=STAGE_TASKS,
        queue=studio.runs.queue,
        runs=[one for one in runs if not one.is_open][:SHOWN_RUNS],
        log=log,
    )


async def start(request: Request) -> Response:
    """Puts a run of the film on the queue."""
    studio, place = studio_of(request), await film_of(request)
    return await queue_run(studio, place, await command_of(request))


async def queue_run(studio: Studio, place: FilmPlace, command: dict[str, Any]) -> Response:
    """Puts a run of a film on the queue.

    Raises:
        ProjectError: there is no such run, or the same one waits already.
        WorkError: the first stage comes after the last one, the film has no delivery to verify, or
            the record cannot be written.
    """
    what, arguments = await in_thread(run_command, place, command)
    record = await in_thread(studio.runs.add, what, place.folder, arguments)
    await studio.events.send("runs")
    return JSONResponse({"run": record.id})


def run_command(place: FilmPlace, command: dict[str, Any]) -> tuple[str, list[str]]:
    """What a run of a film is in words, and its command line.

    Raises:
        ProjectError: the verb or a stage is unknown.
        WorkError: the first stage comes after the last one, or the film has no delivery to verify.
    """
    verb, options = text_of(command, "verb"), []
    object = str(place.project_file)
    if verb == "verify":
        bag = Path(place.job().load(Delivery).bag).name
        object = str(place.folder / folder_name("deliver") / bag)
    elif verb == "run":
        first, last = (text_of(command, key, "") or None for key in ("first", "last"))
        check_stages(first, last)
        options += ["--from", first] if first else []
        options += ["--to", last] if last else []
    elif verb != "improve":
        raise ProjectError(f"there is no run '{verb}'; load the page again")
    what = " ".join([verb, *options, place.shown_folder])
    events = [] if verb == "verify" else ["--events"]
    return what, [verb, object, *options, *events]


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
