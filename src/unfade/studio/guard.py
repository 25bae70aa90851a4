"""Keeps foreign pages out of the studio: host, token and origin of every request are checked.

A page of the web can make a browser send requests to a local server, and by rebinding a name to
127.0.0.1 even read its answers. Such requests have another `Host`, and lack the cookie.
"""

import hmac
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD"})

TOKEN_PARAMETER = "token"
"""The query parameter of the first address, which the browser trades for a cookie."""

_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'"
)

_REMEDY = "open the address that 'unfade studio' printed"


class Guard:
    """Lets requests through that come from a page of the studio itself."""

    def __init__(self, app: ASGIApp, port: int, token: str, *, read_only: bool) -> None:
        """
        Args:
            app: what is guarded.
            port: that the server listens on.
            token: that the browser must show.
            read_only: whether every request that changes something is refused.
        """
        self._app, self._token, self._read_only = app, token, read_only
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._cookie = f"unfade_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message))
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that is not let through; None for all others."""
        headers, query = Headers(scope=scope), QueryParams(scope["query_string"])
        if headers.get("host") not in self._hosts:
            text = f"this host name is not the studio's; {_REMEDY}"
            return PlainTextResponse(text, status_code=421)
        shown = query.get(TOKEN_PARAMETER)
        if shown is not None and scope["method"] == "GET" and self._is_token(shown):
            return self._welcome(scope["path"])
        if not any(self._is_token(value) for value in self._cookies(headers.getlist("cookie"))):
            text = f"the key to the studio is missing; {_REMEDY}, which holds it"
            return PlainTextResponse(text, status_code=403)
        if scope["method"] in SAFE_METHODS:
            return None
        if headers.get("origin", "").removeprefix("http://") not in self._hosts:
            text = f"this request comes from another page; {_REMEDY}"
            return PlainTextResponse(text, status_code=403)
        if self._read_only:
            sentence = "the studio is read-only; start it without --read-only to change something"
            return JSONResponse({"error": sentence}, status_code=403)
        return None

    def _welcome(self, path: str) -> Response:
        response = RedirectResponse("/" + path.lstrip("/"), status_code=303)
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
        return response

    def _cookies(self, headers: Iterable[str]) -> Iterable[str]:
        """The values of the studio's cookie. Servers on other ports share the cookies of this host,
        and theirs may break every rule."""
        for header in headers:
            value = cookie_parser(header).get(self._cookie)
            if value is not None:
                yield value

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())


def _protect(headers: MutableHeaders) -> None:
    """Headers that keep a browser from running or framing what is not the studio's."""
    headers.setdefault("content-security-policy", _POLICY)
    headers.setdefault("cache-control", "no-store")
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "no-referrer"
    headers["cross-origin-resource-policy"] = "same-origin"
