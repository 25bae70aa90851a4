"""The pairs of a film: the grid, the close view, and the choices that a person makes there."""

import json
import os
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError, UnfadeError
from unfade.film.control_points import ControlPoint
from unfade.film.pair import PairList, PairRole
from unfade.pipeline.preflight import check_points
from unfade.project.file import project_file_text
from unfade.project.settings import PairSection
from unfade.studio.choices import PairEditor
from unfade.studio.completion import inside
from unfade.studio.films import FilmPlace
from unfade.studio.pages import (
    command_of,
    film_of,
    number_of,
    page,
    studio_of,
    text_of,
    whole_number,
)
from unfade.studio.pair_board import (
    PairTile,
    by_shot,
    changed_points,
    pair_of,
    pair_records_signature,
    records_of,
    sheets_of,
    tiles_of,
)
from unfade.studio.studio import in_thread
from unfade.studio.views import pair_facts
from unfade.work.job import Job
from unfade.work.pair_edits import job_of
from unfade.work.project_writing import text_digest

ROLE_LABELS_OF_TILES: dict[PairRole, str] = {
    "train": "training",
    "holdout": "held out",
    "test": "test",
}
"""The roles in the grid."""


async def show(request: Request) -> Response:
    """The page: a sheet of the grid, by shot."""
    studio, place = studio_of(request), await film_of(request)
    sheet = request.query_params.get("sheet", "1")
    facts: dict[str, Any] = {"problem": None, "role_words": ROLE_LABELS_OF_TILES}
    facts["remarks_of"] = _remarks
    title = place.folder.name
    try:
        text, job = await in_thread(_film, place)
        title = job.project.film.title
        facts["undo"] = studio.choices.last(place.project_file, text)
        facts |= await in_thread(_board, text, job, whole_number(sheet) or 1)
    except UnfadeError as error:
        facts["problem"] = str(error)
    return page(request, "pairs", title, place, **facts)


def _board(text: str, job: Job, sheet: int) -> dict[str, Any]:
    """What the template shows.

    Raises:
        WorkError: ingest or curate has not run.
    """
    records = records_of(job)
    tiles = tiles_of(job.project, records, changed_points(job))
    sheets = sheets_of(by_shot(tiles, records))
    number = min(max(sheet, 1), len(sheets))
    version = text_digest(repr(pair_records_signature(job)))[:12]
    queries = {
        tile: urlencode(_query(tile, job, version))
        for shot in sheets[number - 1]
        for tile in shot.tiles
    }
    clips = records.clips
    area = clips.source.live_area
    return {
        "digest": text_digest(text),
        "shots": sheets[number - 1],
        "sheet": number,
        "sheet_count": len(sheets),
        "queries": queries,
        "version": version,
        "source": clips.source,
        "aspect": float(area.width * clips.source.pixel_aspect / area.height),
        "references": list(clips.references.items()),
    }


def _remarks(tile: PairTile) -> list[tuple[str, str]]:
    """The remarks under a pair: a mark, and words."""
    remarks = [("\u2715 dropped", "")] if tile.state == "dropped" else []
    if tile.reason:
        remarks.append(("\u2715 rejected", tile.reason))
    if tile.overruled:
        remarks.append(("by hand", f"although {tile.overruled}"))
    if tile.pending:
        remarks.append(("\u21bb", tile.pending))
    return remarks


def _query(tile: PairTile, job: Job, version: str) -> dict[str, object]:
    """The query that names the pair of a tile."""
    pair = pair_of(tile, job.project)
    query: dict[str, object] = {"source": tile.source, "v": version}
    if tile.points:
        query["points"] = json.dumps(tile.points)
    if pair.picture is not None:
        return query | {"picture": 1}
    if pair.of is not None:
        query |= {"reference": pair.reference, "of": pair.of}
    return query | {key: 1 for key in ("aligned", "mirrored") if getattr(pair, key)}


def _film(place: FilmPlace) -> tuple[str, Job]:
    """The text of film.toml, and its job."""
    text = project_file_text(place.project_file)
    return text, job_of(text, place.project_file)


async def choose(request: Request) -> Response:
    """Makes a choice: writes film.toml."""
    studio, place = studio_of(request), await film_of(request)
    command = await command_of(request)
    seen = text_of(command, "seen")

    def edit(text: str) -> tuple[str, str]:
        return _edit(studio.root, place, text, command)

    words, digest = await in_thread(studio.choices.make, place.project_file, seen, edit)
    return JSONResponse({"said": words, "seen": digest, "undo": words})


def _edit(root: Path, place: FilmPlace, text: str, command: dict[str, Any]) -> tuple[str, str]:
    """The sentence about a choice, and the new text of film.toml.

    Raises:
        ProjectError: the choice is unknown or cannot be made.
    """
    job = job_of(text, place.project_file)
    records = None
    if (job.root / PairList.PATH).exists():
        records = records_of(job)
    editor = PairEditor(place.project_file, text, records)
    source, verb = number_of(command, "source"), text_of(command, "verb")
    if verb == "drop":
        return editor.drop(source)
    if verb == "leave":
        return editor.leave(source)
    if verb == "nudge":
        return editor.nudge(source, -1 if number_of(command, "steps") < 0 else 1)
    if verb == "role":
        return editor.set_role(source, _role(command))
    if verb == "points":
        return _place(place, editor, command)
    if verb == "add":
        return _add(root, place, editor, command)
    raise ProjectError(f"there is no choice '{verb}'; load the page again")


def _role(command: dict[str, Any]) -> PairRole:
    role = text_of(command, "role", "train")
    if role not in get_args(PairRole):
        raise ProjectError(f"there is no role '{role}'; choose {' or '.join(get_args(PairRole))}")
    return role  # type: ignore[return-value]


def _place(place: FilmPlace, editor: PairEditor, command: dict[str, Any]) -> tuple[str, str]:
    """Gives a pair its control points; none remove them."""
    source, reference, of = number_of(command, "source"), command.get("reference"), None
    if reference is not None:
        reference, of = number_of(command, "reference"), text_of(command, "of")
    return _checked_points(place, editor.place(source, _points(command), reference, of), source)


def _points(command: dict[str, Any]) -> tuple[ControlPoint, ...]:
    from unfade.studio.pair_laying import points_of

    return points_of(command.get("points", []))


def _checked_points(place: FilmPlace, edit: tuple[str, str], source: int) -> tuple[str, str]:
    """An edit that places a pair by control points, if they lie in its pictures."""
    job = job_of(edit[1], place.project_file)
    for section in job.project.pair:
        if section.source == source:
            check_points(job, section)
    return edit


def _add(
    root: Path, place: FilmPlace, editor: PairEditor, command: dict[str, Any]
) -> tuple[str, str]:
    """Adds a pair with a frame of a reference, or with a picture below the opened folder."""
    fields: dict[str, object] = {
        "source": number_of(command, "source"),
        "role": _role(command),
        "note": text_of(command, "note", ""),
    }
    if points := _points(command):
        fields["points"] = points
    if painted := text_of(command, "painted", ""):
        path = inside(root, painted)
        if not path.is_file():
            raise ProjectError(f"{painted}: is not there; choose a picture")
        fields["reference"] = Path(os.path.relpath(path, place.folder.resolve())).as_posix()
        fields["kind"] = text_of(command, "kind", "constructed")
        fields["colorspace"] = text_of(command, "colorspace", "") or None
        edit = _checked_picture(place, editor.add(**fields), fields)
        return _checked_points(place, edit, number_of(command, "source"))
    reference, of = number_of(command, "reference"), text_of(command, "of", "")
    edit = editor.add(**fields, reference=reference, of=of or None)
    return _checked_points(place, edit, number_of(command, "source"))


def _checked_picture(
    place: FilmPlace, edit: tuple[str, str], fields: dict[str, object]
) -> tuple[str, str]:
    """An edit that adds a picture, if it can be read; the sentence says where it will lie."""
    from unfade.media.painted import describe_placement

    words, text = edit
    section = PairSection.model_validate(fields)
    placement = describe_placement(job_of(text, place.project_file), section)
    return f"{words} with {section.reference}; {placement}", text


async def undo(request: Request) -> Response:
    """Undoes the last choice."""
    studio, place = studio_of(request), await film_of(request)
    seen = text_of(await command_of(request), "seen")
    words, digest = await in_thread(studio.choices.undo, place.project_file, seen)
    return JSONResponse({"said": f"undone: {words}", "seen": digest})


ROUTES = [
    Route("/film/{film}/pairs", show),
    Route("/film/{film}/pairs/choose", choose, methods=["POST"]),
    Route("/film/{film}/pairs/undo", undo, methods=["POST"]),
    *pair_facts.ROUTES,
]
