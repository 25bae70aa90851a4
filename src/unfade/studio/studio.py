"""What all pages of the studio share: its films, its runs and its events."""

import asyncio
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

    def __post_init__(self) -> None:
        self.films = Films(self.root, read_only=self.read_only)
        self.runs = Runs(self.root / RUNS_FOLDER)

    async def watch(self) -> None:
        """Sends an event for each film that changed, and for runs, until it is cancelled."""
        signatures = self._signatures()
        progress: object = None
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            try:
                if await in_thread(self.runs.read if self.read_only else self.runs.look):
                    await in_thread(self.films.look_around)
                    await self.events.send("runs")
            except UnfadeError as error:
                await self.events.send("problem", sentence=str(error))
                await self.events.send("runs")
            new = await in_thread(self._signatures)
            for id, signature in new.items():
                if signatures.get(id) != signature:
                    await self.events.send("film", film=id)
            signatures = new
            newest = await in_thread(self._progress)
            if newest != progress:
                progress = newest
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
