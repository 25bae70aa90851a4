"""Live events: one stream of server-sent events for each page, which resumes where it was cut."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

KEPT_EVENTS = 1_000
"""Events that a page which was away can still get; with more it loads itself anew."""

MAX_ID_DIGITS = 15
"""Digits of an event's number; a longer one is no number of the studio's."""

PROGRESS = "progress"
"""The kind of the events that say how far the run that works is."""

PULSE_S = 15.0
"""Seconds between two comments on a silent stream, by which a lost connection is noticed."""


class Broadcast:
    """Sends events to all open pages. It belongs to one event loop."""

    def __init__(self) -> None:
        self._number = 0
        self._kept: deque[tuple[int, str, str]] = deque(maxlen=KEPT_EVENTS)
        self._progress = ""
        self._news = asyncio.Condition()
        self._is_closed = False

    @property
    def newest(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self._number

    async def send(self, kind: str, **facts: Any) -> None:
        """Sends an event with some facts to every page."""
        text = _event(kind, facts)
        async with self._news:
            self._number += 1
            what = PROGRESS if kind == PROGRESS else text
            self._kept.append((self._number, what, f"id: {self._number}\n{text}"))
            if kind == PROGRESS:
                self._progress = text
            self._news.notify_all()

    async def close(self) -> None:
        """Ends all streams, so that the server can stop."""
        async with self._news:
            self._is_closed = True
            self._news.notify_all()

    async def stream(self, last_id: str | None) -> AsyncIterator[str]:
        """The newest progress, and the events after `last_id`, the number of the last event that
        the page has; None for the events from now on. Of equal events that the page has missed it
        gets the last one. A page that was away too long gets an event of kind "reset"."""
        last = _number_in(last_id)
        position = self._number if last is None else last
        oldest = self._kept[0][0] if self._kept else self._number + 1
        if not oldest - 1 <= position <= self._number:
            position = self._number
            yield f"id: {position}\n{_event('reset', {})}"
        yield ": open\n\n"
        if self._progress:
            yield self._progress
        while True:
            missed = self._missed(position)
            position = self._number
            for text in missed:
                yield text
            if self._is_closed:
                return
            if not await self._has_news(position):
                yield ": pulse\n\n"

    def _missed(self, position: int) -> list[str]:
        """The events after a position; of equal ones, and of progress, the last."""
        found: dict[str, str] = {}
        for number, what, text in self._kept:
            if number > position:
                found.pop(what, None)
                found[what] = text
        return [*found.values()]

    async def _has_news(self, position: int) -> bool:
        """Waits for an event after a position or the end of all streams, but not for longer than
        `PULSE_S`."""
        async with self._news:
            news = self._news.wait_for(lambda: self._is_closed or self._number > position)
            try:
                return await asyncio.wait_for(news, PULSE_S)
            except TimeoutError:
                return False


class EventNumber:
    """Notes the number of the newest event on each request before anything is read for its answer:
    what changes afterwards is told by later events."""

    def __init__(self, app: ASGIApp, events: Broadcast) -> None:
        self._app, self._events = app, events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["event"] = self._events.newest
        await self._app(scope, receive, send)


def _number_in(last_id: str | None) -> int | None:
    """The number of the last event that a page has; None if it is no number of the studio's."""
    if last_id is None or not last_id.isdecimal() or len(last_id) > MAX_ID_DIGITS:
        return None
    return int(last_id)


def _event(kind: str, facts: dict[str, Any]) -> str:
    return f"data: {json.dumps({'kind': kind, **facts})}\n\n"
