"""What rich draws on a terminal: tables and progress bars.

A module of its own, so that verbs that draw nothing do not import rich.
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

WIDTH = 200
"""Characters of a line that does not go to a terminal, so that no row of a table is broken."""

LEAST_WIDTH = 60
"""Characters into which ten columns fold and can still be read."""


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
