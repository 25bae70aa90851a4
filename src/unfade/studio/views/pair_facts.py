"""What the page of pairs asks for: facts and pictures of frames and pairs, judgements, weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_args

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unfade import media
from unfade.errors import ProjectError
from unfade.film.clip import Area, Clip
from unfade.film.control_points import ControlPoint
from unfade.film.pair import Pair
from unfade.studio.completion import inside
from unfade.studio.films import FilmPlace
from unfade.studio.pages import film_of, studio_of, whole_number, whole_of
from unfade.studio.pair_board import pair_of, records_of, tiles_of
from unfade.work.job import Job
from unfade.work.pair_edits import check_frame
from unfade.work.pair_records import PairRecords
from unfade.work.why import explain_candidate, explain_frame

P = ParamSpec("P")
R = TypeVar("R")

PICTURE_THREADS = 2
"""Pictures that are made at a time: each takes a core, and 2K frames take 100 MB."""

MAX_WEIGHTS = 60
"""Weights of one request: a screen of pairs."""

CACHED = {"cache-control": "private, max-age=86400, immutable"}
"""For pictures whose address changes with the records they are made from."""

_limiter: RunVar[anyio.CapacityLimiter] = RunVar("pictures of pairs")


def _now(place: FilmPlace) -> tuple[Job, PairRecords]:
    """The job of a film, and its records.

    Raises:
        WorkError: ingest or curate has not run.
    """
    job = place.job()
    return job, records_of(job)


async def picture(request: Request) -> Response:
    """A side of a pair as JPEG."""
    place, query = await film_of(request), dict(request.query_params)
    root = studio_of(request).root
    file = await in_picture_thread(_picture, root, place, query)
    return _jpeg(file, query)


def _jpeg(file: bytes, query: dict[str, str]) -> Response:
    """A picture, which browsers keep if its address has the version of the records, unless it is
    made from a file that a person may paint on."""
    is_file = "picture" in query or "painted" in query
    headers = CACHED if "v" in query and not is_file else {}
    return Response(file, media_type="image/jpeg", headers=headers)


def _picture(root: Path, place: FilmPlace, query: dict[str, str]) -> bytes:
    from unfade.studio.pair_preview import PairSide, pair_picture

    job, records = _now(place)
    side = query.get("side", "source")
    if side not in get_args(PairSide):
        raise ProjectError(f"there is no side '{side}' of a pair; load the page again")
    pair, points = _pair(root, job, records, query)
    width = width_of(query)
    return pair_picture(job, records, pair, side, width, points)  # type: ignore[arg-type]


def _pair(
    root: Path, job: Job, records: PairRecords, query: dict[str, str]
) -> tuple[Pair, tuple[ControlPoint, ...]]:
    """The pair that a query names, and its control points. With 'points', which may be none, the
    reference is taken as it is, because points count in pixels of the whole picture.

    Raises:
        ProjectError: there is no such frame or picture, or the points give no transform.
    """
    from unfade.studio.pair_laying import points_of

    pair = _named_pair(root, job, records, query)
    if "points" not in query:
        return pair, ()
    try:
        points = json.loads(query["points"])
    except (ValueError, RecursionError) as error:
        raise ProjectError("'points' is no list of control points; load the page again") from error
    return pair.model_copy(update={"aligned": False, "mirrored": False}), points_of(points)


def _named_pair(root: Path, job: Job, records: PairRecords, query: dict[str, str]) -> Pair:
    """
    Raises:
        ProjectError: there is no such frame or picture.
    """
    source = whole_of(query, "source")
    check_frame(records.clips.source, source)
    if "painted" in query:
        path = inside(root, query["painted"])
        colorspace = query.get("colorspace") or None
        return Pair(source=source, picture=str(path), colorspace=colorspace, shot=0)
    if "picture" in query:
        for tile in tiles_of(job.project, records):
            if tile.source == source and tile.picture is not None:
                return pair_of(tile, job.project)
        raise ProjectError(f"the pair at source frame {source} has no picture; load the page again")
    clip = _reference(records, query.get("of", ""))
    reference = whole_of(query, "reference")
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
    file = await in_picture_thread(_frame, place, query)
    return _jpeg(file, query)


def _frame(place: FilmPlace, query: dict[str, str]) -> bytes:
    from unfade.studio.pair_preview import WIDTHS_PX, clip_picture, proxy_picture

    job, records = _now(place)
    name = query.get("of") or None
    clip = records.clips.source if name is None else _reference(records, name)
    number, width = whole_of(query, "frame"), width_of(query)
    check_frame(clip, number)
    if width == WIDTHS_PX[0]:
        return proxy_picture(job, name, clip, number)
    return clip_picture(job, clip, number, width)


def _reference(records: PairRecords, name: str) -> Clip:
    if name not in records.clips.references:
        raise ProjectError(f"there is no reference '{name}'; load the page again")
    return records.clips.references[name]


def width_of(query: dict[str, str]) -> int:
    """The width of a picture that a query asks for, of those that are made."""
    from unfade.studio.pair_preview import WIDTHS_PX

    width = whole_of(query, "width")
    return next((one for one in WIDTHS_PX if one >= width), WIDTHS_PX[-1])


async def facts(request: Request) -> Response:
    """What the machine thinks of a frame, and of a pair there."""
    place, query = await film_of(request), dict(request.query_params)
    root = studio_of(request).root
    return JSONResponse(await in_picture_thread(_facts, root, place, query))


def _facts(root: Path, place: FilmPlace, query: dict[str, str]) -> dict[str, Any]:
    from unfade.studio.pair_laying import laying
    from unfade.studio.pair_preview import mean_weight

    job, records = _now(place)
    source = whole_of(query, "source")
    check_frame(records.clips.source, source)
    found: dict[str, Any] = {"sentences": list(explain_frame(records, source))}
    matched = records.match_of(source)
    found["match"] = None if matched is None else {"of": matched[0], "reference": matched[1]}
    if "reference" not in query and "picture" not in query and "painted" not in query:
        return found
    pair, points = _pair(root, job, records, query)
    if pair.of is not None and pair.reference is not None:
        found["candidate"] = explain_candidate(records, source, pair.of, pair.reference)
    area, whole = _reference_area(job, records, pair)
    found["areas"] = {
        "source": _area_facts(records.clips.source.live_area, records.clips.source),
        "reference": _area_facts(area, whole),
    }
    lies = laying(records, pair, points, (area.height, area.width))
    found["laid"] = lies.words
    if lies.own is not None:
        found["weight"] = mean_weight(job, lies.own)
    return found


def _reference_area(job: Job, records: PairRecords, pair: Pair) -> tuple[Area, Area | Clip]:
    """The part of a reference that pictures of the pair show, and the whole of it."""
    if pair.of is not None:
        clip = records.clips.references[pair.of]
        return clip.live_area, clip
    width, height = media.picture_size(job.resolve(str(pair.picture)), job.colors)
    area = Area(x=0, y=0, width=width, height=height)
    return area, area


def _area_facts(area: Area, whole: Area | Clip) -> dict[str, int]:
    """A shown part of a picture in pixels of the whole picture, whose size is 'across' and
    'down'."""
    return area.model_dump() | {"across": whole.width, "down": whole.height}


async def judgement(request: Request) -> Response:
    """What align is likely to think of a pair, before it runs."""
    place, query = await film_of(request), dict(request.query_params)
    root = studio_of(request).root
    return JSONResponse({"sentences": await in_picture_thread(_judgement, root, place, query)})


def _judgement(root: Path, place: FilmPlace, query: dict[str, str]) -> list[str]:
    from unfade.studio import pair_judgement

    job, records = _now(place)
    pair, points = _pair(root, job, records, query)
    return list(pair_judgement.judgement(job, records, pair, points))


async def weights(request: Request) -> Response:
    """The mean weights of admitted pairs, by source frame."""
    place = await film_of(request)
    frames = request.query_params.get("frames", "").split(",")[:MAX_WEIGHTS]
    wanted = {number for text in frames if (number := whole_number(text)) is not None}
    return JSONResponse({"weights": await in_picture_thread(_weights, place, wanted)})


def _weights(place: FilmPlace, wanted: set[int]) -> dict[int, float]:
    from unfade.studio.pair_preview import mean_weight

    job, records = _now(place)
    admitted = records.alignments.admitted if records.alignments else ()
    return {one.pair.source: mean_weight(job, one) for one in admitted if one.pair.source in wanted}


async def in_picture_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function that makes pictures; few run at a time, so that pages do not wait
    behind pictures."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(PICTURE_THREADS)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs), limiter=limiter)


ROUTES = [
    Route("/film/{film}/pairs/picture", picture),
    Route("/film/{film}/pairs/frame", frame),
    Route("/film/{film}/pairs/facts", facts),
    Route("/film/{film}/pairs/judgement", judgement),
    Route("/film/{film}/pairs/weights", weights),
]
