"""What a person sees while Unfade works: bars on a terminal, plain lines elsewhere."""

import io
import sys
import time
from collections.abc import Iterable, Iterator

from unfade.work.progress import Item, Progress, SilentProgress

SECONDS_BETWEEN_LINES = 10.0


def show_all_names() -> None:
    """Makes output show letters that it cannot hold as backslash escapes, where it would fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class ProgressLines:
    """A line now and then, for a log."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """`items`, counted in a line every few seconds."""
        told = time.monotonic()
        for number, item in enumerate(items, start=1):
            yield item
            if time.monotonic() - told > SECONDS_BETWEEN_LINES:
                told = time.monotonic()
                self.say(f"    {label}: {number} of {total or '?'}")

    def say(self, message: str) -> None:
        """A line."""
        print(message, flush=True)


def progress(quiet: bool) -> Progress:
    """What tells a person how far the work is: bars on a terminal, lines elsewhere, or nothing."""
    if quiet:
        return SilentProgress()
    if not sys.stdout.isatty():
        return ProgressLines()
    from unfade.commands.terminal import ProgressBars, terminal

    return ProgressBars(terminal())
