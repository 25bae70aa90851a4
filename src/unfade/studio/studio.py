"""What all pages of the studio share: its films, its runs and its events."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

from unfade.errors import UnfadeError
from unfade.studio.choices import Choices
from unfade.studio.events import PROGRESS, Broadcast
from unfade.studio.films import Films
from unfade.studio.run_record import read_log
from unfade.studio.runs import Runs

_log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

RUNS_FOLDER = ".unfade-studio"
"""The folder in the opened one that holds the records and the logs of runs."""

LOOK_INTERVAL_S = 0.4
"""Seconds between two looks at files and runs: all pages show a change within a second."""


@dataclass
class Studio:
    """The state of the server. Everything but `root` is found again by the next one."""

    root: Path
    read_only: bool
    films: Films = field(init=False)
    runs: Runs = field(init=False)
    events: Broadcast = field(default_factory=Broadcast)
    choices: Choices = field(default_factory=Choices)

    _seen: dict[str, object] = field(init=False)
    _shown_progress: object = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.films = Films(self.root, read_only=self.read_only)
        self.runs = Runs(self.root / RUNS_FOLDER)
        self._seen = self._signatures()

    async def watch(self) -> None:
        """Sends an event for each film that changed, and for runs, until it is cancelled.

        A look that fails is told once, and tried again: the others go on.
        """
        looks = (self._look_at_runs, self._look_at_films, self._look_at_progress)
        told = dict.fromkeys(looks, "")
        while True:
            for look in looks:
                try:
                    await look()
                    told[look] = ""
                except Exception as error:  # noqa: BLE001
                    told[look] = await self._tell(error, told[look])
            await asyncio.sleep(LOOK_INTERVAL_S)

    async def _tell(self, error: Exception, told: str) -> str:
        """Sends the sentence of a failure, unless it was told last; returns it."""
        sentence = str(error)
        if not isinstance(error, UnfadeError):
            sentence = f"the studio cannot look at its films and runs ({str(error) or repr(error)})"
        if sentence != told:
            if not isinstance(error, UnfadeError):
                _log.error("a look at films and runs has failed", exc_info=error)
            await self.events.send("problem", sentence=sentence)
            await self.events.send("runs")
        return sentence

    async def _look_at_runs(self) -> None:
        if await in_thread(self.runs.read if self.read_only else self.runs.look):
            await in_thread(self.films.look_around)
            await self.events.send("runs")

    async def _look_at_films(self) -> None:
        new = await in_thread(self._signatures)
        for id, signature in new.items():
            if self._seen.get(id) != signature:
                await self.events.send("film", film=id)
        self._seen = new

    async def _look_at_progress(self) -> None:
        newest = await in_thread(self._progress)
        if newest != self._shown_progress:
            self._shown_progress = newest
            await self.events.send(PROGRESS, progress=newest)

    def _signatures(self) -> dict[str, object]:
        return {place.id: self.films.signature(place) for place in self.films.places}

    def _progress(self) -> dict[str, object] | None:
        """How far the run that works now is."""
        record = self.runs.running
        if record is None:
            return None
        progress, messages = read_log(self.runs.log(record))
        last = messages[-1] if messages else ""
        return {"run": record.id, "what": record.what, "last": last, **(progress or {})}


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function that reads files or computes, beside the event loop."""
    return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs))
