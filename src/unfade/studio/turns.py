"""Requests take turns: a few are answered at a time, so that the memory for answers is bounded."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

MAX_AT_ONCE = 12
"""Requests that are answered at a time: all that two browsers ask for, which open 6 connections
each. An answer is at most a picture of 4096 x 3112 pixels, 76 MB."""

EVENTS_PATH = "/events"
"""The address of the streams of events, which stay open and take no turn."""


class Turns:
    """Lets requests wait until fewer than `MAX_AT_ONCE` are being answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == EVENTS_PATH:
            await self._app(scope, receive, send)
            return
        async with self._turns:
            await self._app(scope, receive, send)
