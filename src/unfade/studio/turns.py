"""Requests take turns: a few are answered at a time, so that the memory for answers is bounded.
Pictures have turns of their own, so that pages never wait for them."""

import asyncio
import re

from starlette.types import ASGIApp, Receive, Scope, Send

MAX_PICTURES_AT_ONCE = 12
"""Requests for pictures that are answered at a time: all that two browsers ask for, which open 6
connections each. An answer is at most a picture of 4096 x 3112 pixels, 76 MB."""

MAX_PAGES_AT_ONCE = 12
"""All other requests that are answered at a time. An answer is at most a few MB."""

EVENTS_PATH = "/events"
"""The address of the streams of events, which stay open and take no turn."""

_PICTURE_PATH = re.compile(
    r"/film/[^/]+/(picture|proxies|pairs/(picture|frame|judgement|weights)"
    r"|construct/(picture|solution)|[a-z]+/files)(/|$)"
)
"""Start of the addresses whose answers hold pictures, or are computed from some."""


class Turns:
    """Lets requests wait until few enough of their sort are being answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._pictures = asyncio.Semaphore(MAX_PICTURES_AT_ONCE)
        self._pages = asyncio.Semaphore(MAX_PAGES_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == EVENTS_PATH:
            await self._app(scope, receive, send)
            return
        async with self._pictures if _PICTURE_PATH.match(scope["path"]) else self._pages:
            await self._app(scope, receive, send)
