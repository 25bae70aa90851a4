"""The pairs of a film: the grid, the close view, and the choices that a person makes there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_args
from urllib.parse import urlencode

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade.errors import ProjectError, UnfadeError
from unfade.film.clip import Clip
from unfade.film.pair import Pair, PairRole
from unfade.project.file import project_file_text
from unfade.project.settings import PairSection
from unfade.studio.choices import PairEditor
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
    KeptRecords,
    PairTile,
    by_shot,
    pair_of,
    records_signature,
    sheets_of,
    shows_same,
    tiles_of,
)
from unfade.studio.studio import in_thread
from unfade.studio.views.films import inside
from unfade.work.job import Job
from unfade.work.pair_edits import check_frame, job_of
from unfade.work.pair_records import PairRecords
from unfade.work.project_writing import text_digest
from unfade.work.why import explain_candidate, explain_frame

P = ParamSpec("P")
R = TypeVar("R")

PICTURE_THREADS = 2
"""Pictures that are made at a time: each takes a core, and 2K frames take 100 MB."""

MAX_WEIGHTS = 60
"""Weights of one request: a screen of pairs."""

ROLE_LABELS_OF_TILES: dict[PairRole, str] = {
    "train": "training",
    "holdout": "held out",
    "test": "test",
}
"""The roles in the grid."""

CACHED = {"cache-control": "private, max-age=86400, immutable"}
"""For pictures whose address changes with the records they are made from."""

_records = KeptRecords()
_limiter: RunVar[anyio.CapacityLimiter] = RunVar("pictures of pairs")


async def show(request: Request) -> Response:
    """The page: a sheet of the grid, by shot."""
    studio, place = studio_of(request), await film_of(request)
    sheet = request.query_params.get("sheet", "1")
    facts: dict[str, Any] = {"problem": None, "role_words": ROLE_LABELS_OF_TILES}
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
    records = _records.of(job)
    sheets = sheets_of(by_shot(tiles_of(job.project, records), records))
    number = min(max(sheet, 1), len(sheets))
    version = text_digest(repr(records_signature(job)))[:12]
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


def _query(tile: PairTile, job: Job, version: str) -> dict[str, object]:
    """The query that names the pair of a tile."""
    pair = pair_of(tile, job.project)
    query: dict[str, object] = {"source": tile.source, "v": version}
    if pair.picture is not None:
        return query | {"picture": 1}
    if pair.of is not None:
        query |= {"reference": pair.reference, "of": pair.of}
    return query | {key: 1 for key in ("aligned", "mirrored") if getattr(pair, key)}


def _film(place: FilmPlace) -> tuple[str, Job]:
    """The text of film.toml, and its job."""
    text = project_file_text(place.project_file)
    return text, job_of(text, place.project_file)


def _now(place: FilmPlace) -> tuple[Job, PairRecords]:
    """The job of a film, and its records.

    Raises:
        WorkError: ingest or curate has not run.
    """
    _, job = _film(place)
    return job, _records.of(job)


async def picture(request: Request) -> Response:
    """A side of a pair as JPEG."""
    place, query = await film_of(request), dict(request.query_params)
    root = studio_of(request).root
    file = await _in_picture_thread(_picture, root, place, query)
    is_file = "picture" in query or "painted" in query
    return Response(file, media_type="image/jpeg", headers={} if is_file else CACHED)


def _picture(root: Path, place: FilmPlace, query: dict[str, str]) -> bytes:
    from unfade.studio.pair_preview import PairSide, pair_picture

    job, records = _now(place)
    side = query.get("side", "source")
    if side not in get_args(PairSide):
        raise ProjectError(f"there is no side '{side}' of a pair")
    pair = _pair(root, job, records, query)
    return pair_picture(job, records, pair, side, _width(query))  # type: ignore[arg-type]


def _pair(root: Path, job: Job, records: PairRecords, query: dict[str, str]) -> Pair:
    """The pair that a query names.

    Raises:
        ProjectError: there is no such frame or picture.
    """
    source = _whole(query, "source")
    check_frame(records.clips.source, source)
    if "painted" in query:
        path = inside(root, query["painted"])
        colorspace = query.get("colorspace") or None
        return Pair(source=source, picture=str(path), colorspace=colorspace, shot=0)
    if "picture" in query:
        for tile in tiles_of(job.project, records):
            if tile.source == source and tile.picture is not None:
                return pair_of(tile, job.project)
        raise ProjectError(f"the pair at source frame {source} has no picture")
    clip = _reference(records, query.get("of", ""))
    reference = _whole(query, "reference")
    check_frame(clip, reference)
    return Pair(
        source=source,
        reference=reference,
        of=query["of"],
        shot=0,
        aligned="aligned" in query,
        mirrored="mirrored" in query,
    )


async def frame(request: Request) -> Response:
    """A frame of the scan or of a reference as JPEG: 128 pixels wide from the proxy."""
    place, query = await film_of(request), dict(request.query_params)
    file = await _in_picture_thread(_frame, place, query)
    return Response(file, media_type="image/jpeg", headers=CACHED)


def _frame(place: FilmPlace, query: dict[str, str]) -> bytes:
    from unfade.studio.pair_preview import WIDTHS_PX, clip_picture, proxy_picture

    job, records = _now(place)
    name = query.get("of") or None
    clip = records.clips.source if name is None else _reference(records, name)
    number, width = _whole(query, "frame"), _width(query)
    check_frame(clip, number)
    if width == WIDTHS_PX[0]:
        return proxy_picture(job, name, clip, number)
    return clip_picture(job, clip, number, width)


def _reference(records: PairRecords, name: str) -> Clip:
    if name not in records.clips.references:
        raise ProjectError(f"there is no reference '{name}'")
    return records.clips.references[name]


def _width(query: dict[str, str]) -> int:
    from unfade.studio.pair_preview import WIDTHS_PX

    width = _whole(query, "width")
    return next((one for one in WIDTHS_PX if one >= width), WIDTHS_PX[-1])


def _whole(query: dict[str, str], key: str) -> int:
    """A whole number of a query.

    Raises:
        ProjectError: it is missing, or no such number.
    """
    number = whole_number(query.get(key, ""))
    if number is None:
        raise ProjectError(f"the address has no whole number '{key}'")
    return number


async def facts(request: Request) -> Response:
    """What the machine thinks of a frame, and of a pair there."""
    place, query = await film_of(request), dict(request.query_params)
    root = studio_of(request).root
    return JSONResponse(await _in_picture_thread(_facts, root, place, query))


def _facts(root: Path, place: FilmPlace, query: dict[str, str]) -> dict[str, Any]:
    from unfade.studio.pair_preview import laying, mean_weight

    job, records = _now(place)
    source = _whole(query, "source")
    check_frame(records.clips.source, source)
    found: dict[str, Any] = {"sentences": list(explain_frame(records, source))}
    matched = records.match_of(source)
    found["match"] = None if matched is None else {"of": matched[0], "reference": matched[1]}
    if "reference" not in query and "picture" not in query and "painted" not in query:
        return found
    pair = _pair(root, job, records, query)
    if pair.of is not None and pair.reference is not None:
        found["candidate"] = explain_candidate(records, source, pair.of, pair.reference)
    alignment = laying(records, pair)
    found["laid"] = "without an alignment"
    if alignment is not None:
        other = f"{alignment.pair.source} with {records.reference_label(alignment.pair)}"
        is_own = shows_same(alignment.pair, pair) and alignment.pair.source == source
        found["laid"] = "by its own alignment" if is_own else f"by the alignment of {other}"
        if is_own:
            found["weight"] = mean_weight(job, alignment)
    return found


async def weights(request: Request) -> Response:
    """The mean weights of admitted pairs, by source frame."""
    place = await film_of(request)
    frames = request.query_params.get("frames", "").split(",")[:MAX_WEIGHTS]
    wanted = {number for text in frames if (number := whole_number(text)) is not None}
    return JSONResponse({"weights": await _in_picture_thread(_weights, place, wanted)})


def _weights(place: FilmPlace, wanted: set[int]) -> dict[int, float]:
    from unfade.studio.pair_preview import mean_weight

    job, records = _now(place)
    admitted = records.alignments.admitted if records.alignments else ()
    return {one.pair.source: mean_weight(job, one) for one in admitted if one.pair.source in wanted}


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
    if (job.root / "02-curate/pairs.json").exists():
        records = _records.of(job)
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
    if verb == "add":
        return _add(root, place, editor, command)
    raise ProjectError(f"there is no choice '{verb}'")


def _role(command: dict[str, Any]) -> PairRole:
    role = text_of(command, "role", "train")
    if role not in get_args(PairRole):
        raise ProjectError(f"there is no role '{role}'")
    return role  # type: ignore[return-value]


def _add(
    root: Path, place: FilmPlace, editor: PairEditor, command: dict[str, Any]
) -> tuple[str, str]:
    """Adds a pair with a frame of a reference, or with a picture below the opened folder."""
    fields: dict[str, object] = {
        "source": number_of(command, "source"),
        "role": _role(command),
        "note": text_of(command, "note", ""),
    }
    if painted := text_of(command, "painted", ""):
        path = inside(root, painted)
        if not path.is_file():
            raise ProjectError(f"{painted}: is not there; choose a picture")
        fields["reference"] = Path(os.path.relpath(path, place.folder.resolve())).as_posix()
        fields["kind"] = text_of(command, "kind", "constructed")
        fields["colorspace"] = text_of(command, "colorspace", "") or None
        return _checked_picture(place, editor.add(**fields), fields)
    several = len(editor.records.clips.references) > 1 if editor.records else False
    of = text_of(command, "of", "") if several else ""
    return editor.add(**fields, reference=number_of(command, "reference"), of=of or None)


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


async def _in_picture_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function that makes pictures; few run at a time, so that pages do not wait
    behind pictures."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(PICTURE_THREADS)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs), limiter=limiter)


ROUTES = [
    Route("/film/{film}/pairs", show),
    Route("/film/{film}/pairs/picture", picture),
    Route("/film/{film}/pairs/frame", frame),
    Route("/film/{film}/pairs/facts", facts),
    Route("/film/{film}/pairs/weights", weights),
    Route("/film/{film}/pairs/choose", choose, methods=["POST"]),
    Route("/film/{film}/pairs/undo", undo, methods=["POST"]),
]
