"""Tables and progress bars, drawn by rich.

A module of its own, so that verbs without them do not import rich.
"""

from collections.abc import Iterable, Iterator

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

from unfade.work.progress import Item

LOG_WIDTH = 200
"""Characters a line in output that is not a terminal, so that table rows are not folded."""

MIN_TABLE_WIDTH = 60
"""Characters a line in tables, because ten columns in fewer cannot be read."""


def terminal() -> Console:
    """A console that prints text literally, ``[b]`` and ``:smile:`` included.

    It is as wide as the terminal; other outputs have `LOG_WIDTH` characters a line.
    """
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = LOG_WIDTH
    return console


def show(table: Table) -> None:
    """Prints a table, at least `MIN_TABLE_WIDTH` wide; a narrower terminal wraps its lines."""
    console = terminal()
    console.width = max(console.width, MIN_TABLE_WIDTH)
    console.print(table)


def plain_table(*headings: str) -> Table:
    """An empty table without rules; cells fold if the terminal is narrow."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


class ProgressBars:
    """Progress bars, for a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`, and counts them on a bar."""
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
        """Prints a line above the bar."""
        self._console.print(message)
