"""Viewer of a film: its page, its pictures, its view for the GPU, its bookmarks."""

import asyncio
import datetime
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import suppress
from typing import get_args
from urllib.parse import quote

import numpy as np
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from unfade import media
from unfade.errors import ProjectError, UnfadeError
from unfade.film.bookmark import Bookmark
from unfade.studio.films import FilmPlace
from unfade.studio.pages import (
    MAX_DIGITS,
    command_of,
    film_of,
    number_of,
    page,
    studio_of,
    text_of,
    whole_number,
)
from unfade.studio.pictures.desk import PictureDesk
from unfade.studio.pictures.film import OpenFilm
from unfade.studio.pictures.picture import KIND_TITLES, PictureKind, ViewerPicture
from unfade.studio.pictures.proxies import MAX_PROXIES, proxies
from unfade.studio.pictures.strip import strip_facts
from unfade.studio.studio import in_thread
from unfade.work.bookmarks import add_bookmark
from unfade.work.people_records import one_line

MAX_WIDTH_PX = 16_384
"""Width of a smaller picture; no scan is wider."""

MAX_NOTE_LENGTH, MAX_NAME_LENGTH = 2_000, 200
"""Characters of a note and of a name, so that the record stays readable."""

GONE_INTERVAL_S = 0.2
"""Seconds between two looks whether the browser still waits for a picture."""

FACTS_HEADER = "x-unfade-facts"
"""Header with the facts of a picture: JSON in percent-encoding, because names of files may hold any
character."""

SENT_BYTES = 2**20
"""Bytes of a picture that are handed to the connection at a time, because it copies them."""

_BYTES = "application/octet-stream"
_CLIENT_CLOSED = 499
"""Status, as nginx writes it, of an answer that nobody reads."""


async def show(request: Request) -> Response:
    """The page."""
    studio, place = studio_of(request), await film_of(request)
    state = await in_thread(studio.films.state, place)
    answer = page(request, "viewer", state.title, place, kinds=KIND_TITLES)
    answer.background = BackgroundTask(_warm, _desk(request), place)
    return answer


def _warm(desk: PictureDesk, place: FilmPlace) -> None:
    """Loads the model, and with it torch, while the browser loads the page."""
    with suppress(UnfadeError):
        desk.film(place).model()


async def facts(request: Request) -> Response:
    """What the filmstrip shows, and which kinds of pictures there are."""
    film = await _open_film(request)
    return JSONResponse(await in_thread(strip_facts, film))


async def picture(request: Request) -> Response:
    """A frame as one kind of picture: its half floats, and its facts in a header."""
    film, desk = await _open_film(request), _desk(request)
    frame, kind = _frame_of(request), _kind_of(request)
    key = await in_thread(desk.key, film, frame, kind, _number(request, "width"))
    made = await in_thread(desk.order, film, key)
    found = await _unless_gone(request, made)
    desk.give_up(key, made)
    if found is None:
        return Response(status_code=_CLIENT_CLOSED)
    told = await in_thread(_facts_of, film, frame, kind, found)
    body = np.ascontiguousarray(found.planes).data.cast("B")
    headers = {FACTS_HEADER: quote(json.dumps(told)), "content-length": str(len(body))}
    return StreamingResponse(_parts_of(body), media_type=_BYTES, headers=headers)


async def _parts_of(body: memoryview) -> AsyncIterator[memoryview]:
    for start in range(0, len(body), SENT_BYTES):
        yield body[start : start + SENT_BYTES]


async def _unless_gone(request: Request, made: Future[ViewerPicture]) -> ViewerPicture | None:
    """The picture, when it is made; None if the browser no longer waits for it."""
    waiting = asyncio.wrap_future(made)
    while not waiting.done():
        await asyncio.wait([waiting], timeout=GONE_INTERVAL_S)
        if not waiting.done() and await request.is_disconnected():
            return None
    return waiting.result()


def _facts_of(
    film: OpenFilm, frame: int, kind: PictureKind, found: ViewerPicture
) -> dict[str, object]:
    width, height = found.size
    return {
        "frame": frame,
        "shot": film.shot_of(frame).number,
        "timecode": film.clips.source.timecode_of(frame),
        "kind": kind,
        "width": width,
        "height": height,
        "channels": found.planes.shape[2],
        "area": found.area.model_dump(),
        "what": found.what,
        "file": found.file,
        "beyond": found.beyond,
        "whole": found.is_whole,
    }


async def small(request: Request) -> Response:
    """Proxies of frames in one answer: 8-bit display values."""
    film, kind = await _open_film(request), _kind_of(request)
    frames = await in_thread(_frames_of, request, film)
    found = await in_thread(proxies, film, frames, kind)
    count, height, width = found.pixels.shape[:3]
    told = {"count": count, "width": width, "height": height, "shows": found.shows}
    headers = {FACTS_HEADER: quote(json.dumps(told))}
    return Response(found.pixels.tobytes(), media_type=_BYTES, headers=headers)


def _frames_of(request: Request, film: OpenFilm) -> list[int]:
    """The frames of the query: a list, or `first` and `count`, of which only those count that the
    film has."""
    listed = request.query_params.get("frames")
    if listed is not None:
        numbers = [whole_number(one) for one in listed.split(",")]
        frames = [one for one in numbers if one is not None]
        if len(frames) < len(numbers):
            raise ProjectError("'frames' is not a list of numbers; load the page again")
        return frames
    first, count = _number(request, "first") or 0, _number(request, "count") or 1
    return [f for f in range(first, first + min(count, MAX_PROXIES)) if f in film.frames]


async def view(request: Request) -> Response:
    """The film's view: the shader that OpenColorIO writes, and what its textures are."""
    film = await _open_film(request)
    found = await in_thread(media.gpu_view, film.job.colors)
    textures = [
        {
            "sampler": one.sampler,
            "shape": one.values.shape,
            "is_3d": one.is_3d,
            "is_linear": one.is_linear,
        }
        for one in found.textures
    ]
    name = film.job.colors.view
    return JSONResponse({"shader": found.shader, "textures": textures, "view": name})


async def view_textures(request: Request) -> Response:
    """The values of the view's textures, one after the other, as floats."""
    film = await _open_film(request)
    found = await in_thread(media.gpu_view, film.job.colors)
    return Response(
        b"".join(one.values.astype("<f4").tobytes() for one in found.textures), media_type=_BYTES
    )


async def add_mark(request: Request) -> Response:
    """Adds a bookmark."""
    film, command = await _open_film(request), await command_of(request)
    frame = number_of(command, "frame")
    film.check_frame(frame)
    mark = Bookmark(
        frame=frame,
        note=one_line("the note", text_of(command, "note", ""), MAX_NOTE_LENGTH),
        date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        by=one_line("the name", text_of(command, "by", ""), MAX_NAME_LENGTH),
    )
    await in_thread(add_bookmark, film.job.root, mark)
    await studio_of(request).events.send("film", film=film.place.id)
    return JSONResponse(mark.model_dump())


def _desk(request: Request) -> PictureDesk:
    """The pictures of the studio, set up with the first request for one."""
    state = request.app.state
    if not hasattr(state, "pictures"):
        state.pictures = PictureDesk()
    desk: PictureDesk = state.pictures
    return desk


async def _open_film(request: Request) -> OpenFilm:
    place = await film_of(request)
    return await in_thread(_desk(request).film, place)


def _kind_of(request: Request) -> PictureKind:
    """
    Raises:
        ProjectError: there is no such kind.
    """
    for kind in get_args(PictureKind):
        if kind == request.path_params["kind"]:
            named: PictureKind = kind
            return named
    raise ProjectError(
        f"there is no kind of picture '{request.path_params['kind']}'; load the page again"
    )


def _frame_of(request: Request) -> int:
    """The number of the frame in an address.

    Raises:
        ProjectError: it is no number, or too large.
    """
    number = whole_number(request.path_params["frame"])
    if number is None:
        raise ProjectError("the address has no number of a frame; load the page again")
    return number


def _number(request: Request, name: str) -> int | None:
    """A whole number of the query; None without it.

    Raises:
        ProjectError: it is no number, or too large.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    number = whole_number(text)
    if number is None:
        raise ProjectError(f"'{name}' is no whole number; write one of up to {MAX_DIGITS} digits")
    if name == "width" and not 1 <= number <= MAX_WIDTH_PX:
        raise ProjectError(f"'width' is {number:,} pixels; ask for 1 to {MAX_WIDTH_PX:,}")
    return number


ROUTES = [
    Route("/film/{film}/viewer", show),
    Route("/film/{film}/viewer/facts", facts),
    Route("/film/{film}/viewer/view", view),
    Route("/film/{film}/viewer/view/textures", view_textures),
    Route("/film/{film}/picture/{frame}/{kind}", picture),
    Route("/film/{film}/proxies/{kind}", small),
    Route("/film/{film}/bookmarks", add_mark, methods=["POST"]),
]
