"""Constructed references: a page on which a person states the colours of a frame."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.construct.constructed_pairs import other_pair
from unfade.construct.records import (
    construction_digest,
    construction_of,
    frames_stating,
    frames_with_points,
    keep_colour,
    read_construction,
    read_palette,
)
from unfade.errors import ProjectError, UnfadeError
from unfade.film.construction import (
    CONSTRUCT_FOLDER,
    MAX_NAME,
    MAX_WORDS,
    Construction,
    construct_path,
    is_hex,
)
from unfade.film.wording import counted
from unfade.studio.completion import inside
from unfade.studio.films import FilmPlace
from unfade.studio.pages import (
    command_of,
    film_of,
    page,
    studio_of,
    text_of,
    whole_of,
)
from unfade.studio.person_text import line_of
from unfade.studio.studio import in_thread
from unfade.studio.views.pair_facts import in_picture_thread, width_of
from unfade.work.job import Job
from unfade.work.pair_edits import check_frame, check_whole_frame

MAX_POINTS_BYTES = 8_000_000
"""Bytes of a command that states points: as many as a frame may have, each with 200 positions and
texts of full length."""

UNSTATED = "not stated yet"
"""Source of a point that is tried before a person says where its colour is known from."""


async def show(request: Request) -> Response:
    """The page."""
    place = await film_of(request)
    facts: dict[str, Any] = {"problem": None}
    title = place.folder.name
    try:
        job = await in_thread(place.job)
        title = job.project.film.title or title
        facts |= await in_thread(_page_facts, job)
    except UnfadeError as error:
        facts["problem"] = str(error)
    return page(request, "construct", title, place, **facts)


def _page_facts(job: Job) -> dict[str, Any]:
    """What the template shows.

    Raises:
        WorkError: ingest has not run.
    """
    clips = job.clips()
    frames = [one for one in frames_with_points(job.root) if one in clips.source.frames]
    return {
        "frames": clips.source.frames,
        "constructed": frames,
        "references": [*clips.references],
    }


async def frame(request: Request) -> Response:
    """The construction of a frame, as its file is, and the palettes."""
    place, query = await film_of(request), dict(request.query_params)
    return JSONResponse(await in_thread(_frame, place, query))


def _frame(place: FilmPlace, query: dict[str, str]) -> dict[str, Any]:
    job, number = place.job(), whole_of(query, "frame")
    scan = job.clips().source
    check_whole_frame(scan, number)
    area = scan.live_area
    seen = construction_digest(job.root, number)
    return {
        "construction": read_construction(job.root, number).model_dump(mode="json"),
        "seen": seen,
        "area": area.model_dump() | {"across": area.x + area.width, "down": area.y + area.height},
        "palette": _palettes(job),
    } | _pair_facts(job, number)


def _palettes(job: Job) -> list[dict[str, str]]:
    """The colours of the film's palette, then the published ones."""
    from unfade.construct.palettes import PUBLISHED

    palettes = (read_palette(job.root), PUBLISHED)
    return [one.model_dump() for palette in palettes for one in palette.colour]


def _pair_facts(job: Job, frame: int) -> dict[str, str]:
    """The reference of another pair at a frame, which saving would replace, and a sentence on it;
    both are empty if there is none."""
    pair = other_pair(job, frame)
    if pair is None:
        return {"replaces": "", "pair": ""}
    words = f"film.toml has a pair with {pair.reference} here; saving replaces it"
    return {"replaces": str(pair.reference), "pair": words}


async def solution(request: Request) -> Response:
    """The colour of a frame: from the points of a command, or else from those of its file."""
    place, query = await film_of(request), dict(request.query_params)
    is_stated = request.method == "POST"
    command = await command_of(request, MAX_POINTS_BYTES) if is_stated else None
    return JSONResponse(await in_picture_thread(_solution, place, query, command))


def _solution(
    place: FilmPlace, query: dict[str, str], command: dict[str, Any] | None
) -> dict[str, Any]:
    from unfade.studio.construct_desk import solution_facts

    job = place.job()
    if command is None:
        construction = read_construction(job.root, whole_of(query, "frame"))
    else:
        construction = _with_sources(construction_of(job.root / CONSTRUCT_FOLDER, command))
    check_whole_frame(job.clips().source, construction.frame)
    return solution_facts(job, construction)


def _with_sources(construction: Construction) -> Construction:
    """A construction that can be solved before all sources are stated; a colour of a palette has
    the palette's."""
    points = tuple(
        point.model_copy(update={"source": UNSTATED})
        if is_hex(point.colour) and not point.source
        else point
        for point in construction.point
    )
    return construction.model_copy(update={"point": points})


async def picture(request: Request) -> Response:
    """A frame of the scan or of a reference, or a picture below the opened folder, as JPEG."""
    place, query = await film_of(request), dict(request.query_params)
    root = studio_of(request).root
    file = await in_picture_thread(_picture, root, place, query)
    return Response(file, media_type="image/jpeg")


def _picture(root: Path, place: FilmPlace, query: dict[str, str]) -> bytes:
    from unfade.studio.construct_desk import clip_jpeg, file_jpeg

    job, width = place.job(), width_of(query)
    if "path" in query:
        path = inside(root, query["path"])
        if not path.is_file():
            raise ProjectError(f"{query['path']}: is not there; choose a picture")
        return file_jpeg(job, path, width)
    if "constructed" in query:
        return _constructed(root, job, whole_of(query, "constructed"), width)
    clips, name = job.clips(), query.get("of", "")
    if name and name not in clips.references:
        raise ProjectError(f"there is no reference '{name}'; load the page again")
    clip = clips.references[name] if name else clips.source
    number = whole_of(query, "frame")
    check_frame(clip, number)
    return clip_jpeg(job, clip, number, width)


def _constructed(root: Path, job: Job, frame: int, width: int) -> bytes:
    from unfade.studio.construct_desk import file_jpeg

    path = inside(root, str(job.root / construct_path(frame, ".exr")))
    if not path.is_file():
        raise ProjectError(f"{path}: is not there; save the construction of frame {frame} first")
    return file_jpeg(job, path, width)


async def save(request: Request) -> Response:
    """Writes a construction, its picture, its sheet and its pair."""
    place, command = await film_of(request), await command_of(request, MAX_POINTS_BYTES)
    seen, replaces = text_of(command, "seen"), text_of(command, "replaces")
    stated = {key: value for key, value in command.items() if key not in ("seen", "replaces")}
    stated["author"] = line_of(command, "author", "the author", MAX_WORDS)
    return JSONResponse(await in_picture_thread(_save, place, stated, seen, replaces))


def _save(place: FilmPlace, stated: dict[str, Any], seen: str, replaces: str) -> dict[str, str]:
    from unfade.studio import construct_desk

    job = place.job()
    construction = construction_of(job.root / CONSTRUCT_FOLDER, stated)
    number = construction.frame
    check_whole_frame(job.clips().source, number)
    if not construction.point:
        raise ProjectError(f"frame {number} has no point; add one before you save")
    solved = construct_desk.save(place.project_file, job, construction, seen, replaces)
    count = counted(len(solved.used), "point")
    left_out = f", {len(solved.left_out)} left out" if solved.left_out else ""
    words = f"frame {number} is a constructed pair of {count}{left_out}; a run learns from it"
    return {"said": words, "seen": construction_digest(job.root, number)}


async def keep(request: Request) -> Response:
    """Keeps a colour in the palette of the film."""
    place, command = await film_of(request), await command_of(request)
    name = line_of(command, "name", "the name", MAX_NAME)
    source = line_of(command, "source", "where the colour is known from", MAX_WORDS)
    return JSONResponse(await in_thread(_keep, place, name, text_of(command, "colour"), source))


def _keep(place: FilmPlace, name: str, colour: str, source: str) -> dict[str, Any]:
    job = place.job()
    known = read_palette(job.root).named(name)
    entry = keep_colour(job.root, name, colour, source)
    words = f"the palette has {entry.colour} as '{name}'"
    if known and known != entry and (frames := frames_stating(job.root, name)):
        listed = ", ".join(str(frame) for frame in frames)
        words += f"; frames that state it have to be saved anew: {listed}"
    return {"said": words, "name": name, "palette": _palettes(job)}


ROUTES = [
    Route("/film/{film}/construct", show),
    Route("/film/{film}/construct/frame", frame),
    Route("/film/{film}/construct/solution", solution, methods=["GET", "POST"]),
    Route("/film/{film}/construct/picture", picture),
    Route("/film/{film}/construct/palette", keep, methods=["POST"]),
    Route("/film/{film}/construct/save", save, methods=["POST"]),
]
