"""The list of films: their states, new films, the demo."""

import os
from contextlib import suppress
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError
from unfade.film.stage_names import STAGE_NAMES
from unfade.studio.films import ShownFilm
from unfade.studio.pages import command_of, page, studio_of, text_of
from unfade.studio.studio import Studio, in_thread

MAX_COMPLETIONS = 50
"""Paths that are offered for what is typed."""


async def show(request: Request) -> Response:
    """The page."""
    studio = studio_of(request)
    states = await in_thread(_states, studio)
    return page(
        request, "films", "Films", films=states, stage_names=STAGE_NAMES, runs=studio.runs.all[:20]
    )


def _states(studio: Studio) -> list[ShownFilm]:
    studio.films.look_around()
    return [studio.films.state(place) for place in studio.films.places]


async def complete(request: Request) -> Response:
    """The paths below the opened folder that begin with what is typed."""
    typed = request.query_params.get("path", "")
    paths = await in_thread(_completions, studio_of(request).root, typed)
    return JSONResponse({"paths": paths})


def _completions(root: Path, typed: str) -> list[str]:
    """Paths relative to the root, folders with a slash at the end."""
    folder, _, beginning = typed.rpartition("/")
    found: list[str] = []
    with suppress(OSError, ValueError, ProjectError):
        for entry in os.scandir(inside(root, folder)):
            is_text = entry.name.isprintable()
            hidden = entry.name.startswith(".") and not beginning.startswith(".")
            if is_text and entry.name.startswith(beginning) and not hidden:
                name = f"{folder}/{entry.name}".lstrip("/")
                found.append(f"{name}/" if entry.is_dir() else name)
    return sorted(found)[:MAX_COMPLETIONS]


def inside(root: Path, text: str) -> Path:
    """The path below the opened folder that a text names.

    Raises:
        ProjectError: it leads out of the folder.
    """
    try:
        path = (root / text).resolve()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise ProjectError(f"{text}: is no path; choose another") from error
    if not path.is_relative_to(root.resolve()):
        raise ProjectError(f"{text}: lies outside {root}, the folder that the studio opened")
    return path


async def add(request: Request) -> Response:
    """Puts `unfade new` on the queue."""
    command, studio = await command_of(request), studio_of(request)
    folder = inside(studio.root, text_of(command, "folder"))
    arguments = ["new", str(folder), "--source", _clip(studio, text_of(command, "source"))]
    if reference := text_of(command, "reference", ""):
        arguments += ["--reference", _clip(studio, reference)]
    if title := text_of(command, "title", ""):
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
    if (folder / "film.toml").exists():
        raise ProjectError(f"{folder}: holds a film already; choose another folder")
    record = await in_thread(studio.runs.add, what, folder, arguments)
    await studio.events.send("runs")
    return JSONResponse({"run": record.id})


ROUTES = [
    Route("/", show),
    Route("/films/complete", complete),
    Route("/films/new", add, methods=["POST"]),
    Route("/films/demo", make_demo, methods=["POST"]),
]
