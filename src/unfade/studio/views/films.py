"""The list of films: their states, runs of several, new films, the demo."""

from contextlib import suppress
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError
from unfade.film.stage_names import STAGE_NAMES
from unfade.pipeline.queue import turns
from unfade.studio.completion import completions, inside
from unfade.studio.films import FilmPlace, ShownFilm, check_is_shown
from unfade.studio.pages import command_of, page, studio_of, text_of
from unfade.studio.run_record import RunRecord
from unfade.studio.runs import Runs
from unfade.studio.studio import Studio, in_thread
from unfade.studio.views.run import SHOWN_RUNS, run_command

NEW_FILM_VERBS = ("new", "demo")
"""Verbs of runs that make a film."""


async def show(request: Request) -> Response:
    """The page."""
    studio = studio_of(request)
    films, queue = await in_thread(_states, studio), studio.runs.queue
    queue_places = {one.folder: place for place, one in [*enumerate(queue, start=1)][::-1]}
    return page(
        request,
        "films",
        "Films",
        films=films,
        stage_names=STAGE_NAMES,
        queue=queue,
        queue_places=queue_places,
        runs=studio.runs.ended[:SHOWN_RUNS],
        failure=_failed_new_film(studio.runs),
    )


def _states(studio: Studio) -> list[ShownFilm]:
    studio.films.look_around()
    return [studio.films.state(place) for place in studio.films.places]


def _failed_new_film(runs: Runs) -> RunRecord | None:
    """The newest run that was to make a film, if it has failed."""
    newest = next((one for one in runs.all if one.arguments[0] in NEW_FILM_VERBS), None)
    return newest if newest is not None and newest.reason else None


async def run_marked(request: Request) -> Response:
    """Puts a run of each marked film on the queue, in the order of the list; films of a series run
    up to target first. A film whose run waits already keeps its place."""
    command, studio = await command_of(request), studio_of(request)
    marked = command.get("films")
    if not isinstance(marked, list) or not marked:
        raise ProjectError("no film is marked; mark those that are to run")
    places = [place for place in studio.films.places if place.id in marked]
    if not all(one in [place.id for place in places] for one in marked):
        raise ProjectError("a marked film is gone from the folder; mark the films again")
    await in_thread(_queue, studio.runs, places)
    await studio.events.send("runs")
    return JSONResponse({})


def _queue(runs: Runs, places: list[FilmPlace]) -> None:
    by_file = {place.project_file: place for place in places}
    for turn in turns([*by_file]):
        place = by_file[turn.project_file]
        what, arguments = run_command(place, {"verb": "run", "last": turn.last or ""})
        if not runs.waits(place.folder, arguments):
            runs.add(what, place.folder, arguments)


async def complete(request: Request) -> Response:
    """The paths below the opened folder that begin with what is typed."""
    folder, slash, beginning = request.query_params.get("path", "").rpartition("/")
    names: list[str] = []
    with suppress(ProjectError):
        place = inside(studio_of(request).root, folder)
        as_sequences = "sequences" in request.query_params
        names = await in_thread(completions, place, beginning, as_sequences=as_sequences)
    return JSONResponse({"paths": [f"{folder}{slash}{name}".lstrip("/") for name in names]})


async def add(request: Request) -> Response:
    """Puts `unfade new` on the queue."""
    command, studio = await command_of(request), studio_of(request)
    folder = inside(studio.root, text_of(command, "folder").strip())
    check_is_shown(studio.root, folder)
    arguments = ["new", str(folder), "--source", _clip(studio, text_of(command, "source").strip())]
    if reference := text_of(command, "reference", "").strip():
        arguments += ["--reference", _clip(studio, reference)]
    if title := text_of(command, "title", "").strip():
        arguments += ["--title", title]
    return await _queued(studio, f"new film {folder.name}", folder, arguments)


def _clip(studio: Studio, text: str) -> str:
    """The path of a clip, given below the opened folder."""
    if not text:
        raise ProjectError("the scan has no path; choose one")
    return str(inside(studio.root, text))


async def make_demo(request: Request) -> Response:
    """Puts `unfade demo` on the queue."""
    studio = studio_of(request)
    folder = studio.root / "demo"
    return await _queued(studio, "demo", folder, ["demo", str(folder), "--events"])


async def _queued(studio: Studio, what: str, folder: Path, arguments: list[str]) -> Response:
    record = await in_thread(studio.runs.add_film, what, folder, arguments)
    await studio.events.send("runs")
    return JSONResponse({"run": record.id})


ROUTES = [
    Route("/", show),
    Route("/films/run", run_marked, methods=["POST"]),
    Route("/films/complete", complete),
    Route("/films/new", add, methods=["POST"]),
    Route("/films/demo", make_demo, methods=["POST"]),
]
