"""Progress on standard output: bars on a terminal, plain lines in a log, or nothing."""

import io
import sys
import time
from collections.abc import Iterable, Iterator

from unfade.work.progress import Item, Progress, SilentProgress

LINE_INTERVAL_S = 10.0
"""Seconds between two lines of progress, so that a log of hours stays short."""


def escape_unencodable() -> None:
    """Makes both outputs print characters outside their encoding as backslash escapes.

    Without this, printing such a file name raises an error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class ProgressLines:
    """Progress as plain lines, for a log."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`, and prints the count every `LINE_INTERVAL_S` seconds."""
        last_line = time.monotonic()
        for number, item in enumerate(items, start=1):
            yield item
            if time.monotonic() - last_line > LINE_INTERVAL_S:
                last_line = time.monotonic()
                self.say(f"    {label}: {number} of {total or '?'}")

    def say(self, message: str) -> None:
        """Prints a line at once."""
        print(message, flush=True)


def progress(quiet: bool) -> Progress:
    """The progress display for standard output: none if `quiet`, bars on a terminal, else lines."""
    if quiet:
        return SilentProgress()
    if not sys.stdout.isatty():
        return ProgressLines()
    from unfade.commands.terminal import ProgressBars, terminal

    return ProgressBars(terminal())
