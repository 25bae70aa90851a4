"""Progress as lines of JSON, for other programs that start a run."""

import json
import sys
import threading
from typing import Any, Self

from unfade.commands.display import RunDisplay

EVENT_INTERVAL_S = 0.5
"""Seconds between two lines of progress: what a person sees as continuous."""


class EventLines(RunDisplay):
    """Progress as one JSON object a line. While it is open, a thread prints how far the run is.

    ``{"say": TEXT}`` is a message. ``{"stage", "number", "count", "label", "done", "total",
    "left_s"}`` is the state of the run: stage `number` of `count`, `done` of `total` items of the
    step with that label, and the seconds left of the whole run; what is unknown is null.
    """

    def __enter__(self) -> Self:
        self._closed = threading.Event()
        self._last: dict[str, Any] | None = None
        self._thread = threading.Thread(target=self._print_on_time, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()

    def say(self, message: str) -> None:
        """Prints a message at once."""
        _print({"say": message})

    def state(self) -> dict[str, Any]:
        """How far the run is."""
        stage, bar = self._stage, self.bar()
        return {
            "stage": stage.name if stage else None,
            "number": stage.number if stage else None,
            "count": stage.count if stage else None,
            "label": bar.label if bar else None,
            "done": bar.done if bar else None,
            "total": bar.total if bar else None,
            "left_s": round(stage.time_left_s()) if stage else None,
        }

    def _print_on_time(self) -> None:
        while not self._closed.wait(EVENT_INTERVAL_S):
            state = self.state()
            if state == self._last:
                continue
            self._last = state
            try:
                _print(state)
            except OSError:
                return  # The next line of the run itself fails in the same way, and ends the run.


def _print(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=True) + "\n")
    sys.stdout.flush()
