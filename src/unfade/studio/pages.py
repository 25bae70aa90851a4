"""Pages and answers: templates in, HTML out; every failure becomes one sentence."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from unfade.errors import ProjectError, UnfadeError
from unfade.film.wording import counted, for_page, printable
from unfade.studio.films import FilmPlace
from unfade.studio.studio import Studio, in_thread

MAX_DIGITS = 9
"""Digits of a number in an address; Python refuses to read thousands of them."""

TITLE_HEADER = "x-unfade-title"
"""Header of a page with its title, percent-encoded: a live update changes the title, too."""

MAX_BODY_BYTES = 100_000
"""Bytes of a command: names, notes and a table of points take a tenth."""

FILM_PAGES = (
    ("run", "Run"),
    ("viewer", "Viewer"),
    ("pairs", "Pairs"),
    ("construct", "Construct"),
    ("training", "Training"),
    ("outliers", "Outliers"),
    ("report", "Report"),
)
"""The pages of a film, with the names of their links."""

_templates = Environment(
    loader=PackageLoader("unfade.studio"),
    autoescape=True,
    finalize=for_page,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _time_of_day(seconds: float) -> str:
    """A time since 1970 as the local date and time."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


_templates.filters |= {"counted": counted, "printable": printable, "time_of_day": _time_of_day}


def studio_of(request: Request) -> Studio:
    """The studio that serves a request."""
    studio: Studio = request.app.state.studio
    return studio


async def film_of(request: Request) -> FilmPlace:
    """The film in the address of a request.

    Raises:
        ProjectError: there is no such film.
    """
    return await in_thread(studio_of(request).films.place, request.path_params["film"])


def page(
    request: Request, name: str, title: str, place: FilmPlace | None = None, **facts: Any
) -> Response:
    """A page, or with the query ``part`` only what is between its frame, for live updates.

    Args:
        request: what is answered.
        name: of the page: its template in ``parts/`` and its module in ``static/``.
        title: of the page.
        place: its film; None for the list of films.
        facts: what the template shows, under names that the frame does not take.

    Raises:
        TypeError: a fact has a name of the frame's.
    """
    studio = studio_of(request)
    is_part = "part" in request.query_params
    template = _templates.get_template(f"parts/{name}.html" if is_part else "page.html")
    text = template.render(
        film_pages=FILM_PAGES,
        name=name,
        title=title,
        place=place,
        event=request.state.event,
        read_only=studio.read_only,
        root=studio.root,
        **facts,
    )
    return _html(text, {TITLE_HEADER: quote(title, errors="replace")})


def _html(text: str, headers: dict[str, str] | None = None, status_code: int = 200) -> Response:
    """A page; names of files that are no UTF-8 show a question mark."""
    return HTMLResponse(text.encode("utf-8", "replace"), status_code, headers)


async def command_of(request: Request, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The command in the body of a request: an object of JSON, of a number of bytes at most.

    Raises:
        ProjectError: it is too large, or no such object.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise ProjectError("the request is too large; shorten its texts")
    try:
        command = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ProjectError("the request is not valid JSON; load the page again") from error
    if not isinstance(command, dict):
        raise ProjectError("the request is not an object of JSON; load the page again")
    return command


def text_of(command: dict[str, Any], key: str, default: str | None = None) -> str:
    """A text of a command.

    Raises:
        ProjectError: it is missing, or no text.
    """
    value = command.get(key, default)
    if not isinstance(value, str):
        raise ProjectError(f"the request has no text '{key}'; load the page again")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ProjectError(f"the text '{key}' has characters that no file can hold; type it again")
    return value


def number_of(command: dict[str, Any], key: str) -> int:
    """A whole number of a command.

    Raises:
        ProjectError: it is missing, or no whole number.
    """
    value = command.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ProjectError(f"the request has no whole number '{key}'; load the page again")
    return value


def whole_number(text: str) -> int | None:
    """A whole number from 0 in an address; None if it is none, or has too many digits."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
    return int(text) if is_number else None


def whole_of(query: dict[str, str], key: str) -> int:
    """A whole number of a query.

    Raises:
        ProjectError: it is missing, or no such number.
    """
    number = whole_number(query.get(key, ""))
    if number is None:
        raise ProjectError(f"the address has no whole number '{key}'; load the page again")
    return number


async def show_failure(request: Request, error: Exception) -> Response:
    """The answer to a request that failed in a way that a person can mend."""
    assert isinstance(error, UnfadeError)
    if _wants_page(request):
        facts = {"sentence": str(error)}
        return _html(_templates.get_template("failure.html").render(facts), status_code=404)
    return JSONResponse({"error": str(error)}, status_code=409)


async def show_http_failure(request: Request, error: Exception) -> Response:
    """The answer to a request for what is not there."""
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {"error": "there is no such page; go to the list of films"}, status_code=error.status_code
    )


def _wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")
