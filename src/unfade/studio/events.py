"""Live events: one stream of server-sent events for each page, which resumes where it was cut."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

KEPT_EVENTS = 1_000
"""Events that a page which was away can still get; with more it loads itself anew."""

MAX_ID_DIGITS = 16
"""Digits of an event's number; a longer one is no number of the studio's."""

PROGRESS = "progress"
"""The kind of the events that say how far the run that works is."""

PULSE_S = 15.0
"""Seconds between two comments on a silent stream, by which a lost connection is noticed."""


class Broadcast:
    """Sends events to all open pages. It belongs to one event loop."""

    def __init__(self) -> None:
        self._number = 0
        self._kept: deque[tuple[int, str]] = deque(maxlen=KEPT_EVENTS)
        self._progress = ""
        self._news = asyncio.Condition()
        self._is_closed = False

    async def send(self, kind: str, **facts: Any) -> None:
        """Sends an event with some facts to every page."""
        text = _event(kind, facts)
        async with self._news:
            self._number += 1
            self._kept.append((self._number, f"id: {self._number}\n{text}"))
            if kind == PROGRESS:
                self._progress = text
            self._news.notify_all()

    async def close(self) -> None:
        """Ends all streams, so that the server can stop."""
        async with self._news:
            self._is_closed = True
            self._news.notify_all()

    async def stream(self, last_id: str | None) -> AsyncIterator[str]:
        """The events after `last_id`, the number of the last event that the page has. Without it
        the page is new: it gets the newest progress. A page that was away too long gets an event of
        kind "reset"."""
        is_number = last_id is not None and last_id.isdecimal() and len(last_id) < MAX_ID_DIGITS
        position = int(last_id or 0) if is_number else self._number
        oldest = self._kept[0][0] if self._kept else self._number + 1
        if position > self._number or position + 1 < oldest:
            position = self._number
            yield f"id: {position}\n{_event('reset', {})}"
        yield ": open\n\n"
        if not is_number and self._progress:
            yield self._progress
        while True:
            new = [text for number, text in self._kept if number > position]
            position = self._number
            for text in new:
                yield text
            async with self._news:
                if self._is_closed:
                    return
                if self._number > position:
                    continue
                try:
                    await asyncio.wait_for(self._news.wait(), PULSE_S)
                    continue
                except TimeoutError:
                    pass
            yield ": pulse\n\n"


def _event(kind: str, facts: dict[str, Any]) -> str:
    return f"data: {json.dumps({'kind': kind, **facts})}\n\n"
