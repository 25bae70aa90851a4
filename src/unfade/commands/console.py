"""Progress on standard output: a live area on a terminal, plain lines in a log, or nothing."""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from unfade.commands.display import RunDisplay, count_in_words
from unfade.commands.event_lines import EventLines
from unfade.errors import escaped
from unfade.work.progress import Progress, SilentProgress

MIN_LINE_INTERVAL_S = 10.0
"""Seconds between two lines of progress at the start, so that a log of minutes stays short."""

LINES_A_LOG = 100
"""The interval between two lines grows to this part of the time so far, so that a log of days has
no more lines than one can read."""


def escape_unencodable() -> None:
    """Makes both outputs print characters outside their encoding as backslash escapes.

    Without this, printing such a file name raises an error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def tell(text: str, *, flush: bool = False) -> None:
    """Prints a text to standard output; what would steer the terminal is written out, because
    names, notes and reasons may come from files of others."""
    print(escaped(text), flush=flush)


class ProgressLines(RunDisplay):
    """Progress as plain lines, for a log. While it is open, a thread prints how far the run is."""

    def __enter__(self) -> Self:
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._print_on_time, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()

    def say(self, message: str) -> None:
        """Prints a line at once, in one piece."""
        sys.stdout.write(f"{escaped(message)}\n")
        sys.stdout.flush()

    def line(self) -> str:
        """The line that says how far the run is."""
        bar = self.bar()
        step = f"{bar.label}: {count_in_words(bar)}" if bar else ""
        place = ", ".join(filter(None, (self.stage_in_words(), step)))
        return f"    {'; '.join(filter(None, (place, self.time_in_words())))}"

    def interval_s(self) -> float:
        """Seconds until the next line."""
        return max(MIN_LINE_INTERVAL_S, (self._now() - self._started_s) / LINES_A_LOG)

    def _print_on_time(self) -> None:
        while not self._closed.wait(self.interval_s()):
            try:
                self.say(self.line())
            except OSError:
                return  # The next line of the run itself fails in the same way, and ends the run.


@contextmanager
def progress(quiet: bool, events: bool = False) -> Iterator[Progress]:
    """The progress display for standard output, open while the block runs.

    Lines of JSON if `events`, nothing if `quiet`, a live area on a terminal that can move its
    cursor, else lines.
    """
    if events:
        with EventLines() as event_lines:
            yield event_lines
    elif quiet:
        yield SilentProgress()
    elif not sys.stdout.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        with ProgressLines() as lines:
            yield lines
    else:
        from unfade.commands.terminal import LiveArea, terminal

        with LiveArea(terminal()) as area:
            yield area
