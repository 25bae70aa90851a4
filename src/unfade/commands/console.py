"""What a person sees while Unfade works: bars on a terminal, plain lines elsewhere."""

import io
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0

WIDTH = 200
"""Characters of a line that does not go to a terminal, so that no row of a table is broken."""

LEAST_WIDTH = 60
"""Characters into which ten columns fold and can still be read."""


def show_all_names() -> None:
    """Makes output show letters that it cannot hold as backslash escapes, where it would fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def terminal() -> Console:
    """A console that prints what it is given, ``[b]`` and ``:smile:`` included.

    It is as wide as the terminal, or has `WIDTH` characters where there is none.
    """
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def show(table: Table) -> None:
    """Prints a table; a terminal narrower than it can be folds its lines."""
    console = terminal()
    console.width = max(console.width, LEAST_WIDTH)
    console.print(table)


def plain_table(*headings: str) -> Table:
    """A table without lines, whose cells are folded where the terminal is narrow."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


class ProgressBars:
    """Progress bars, for a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """`items`, counted on a bar."""
        columns = (
            TextColumn("    {task.description:<28}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(label, total=total or None)
            for item in items:
                yield item
                progress.advance(task)

    def say(self, message: str) -> None:
        """A line that stays."""
        self._console.print(message)


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


class SilentProgress:
    """Nothing at all."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """`items`."""
        return iter(items)

    def say(self, message: str) -> None:
        """Nothing."""


def progress(quiet: bool) -> "ProgressBars | ProgressLines | SilentProgress":
    """What tells a person how far the work is: bars on a terminal, lines elsewhere, or nothing."""
    if quiet:
        return SilentProgress()
    return ProgressBars(terminal()) if sys.stdout.isatty() else ProgressLines()
