"""Tables and the live area of a run, drawn by rich.

A module of its own, so that verbs without them do not import rich.
"""

from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from unfade.commands.display import RunDisplay, count_in_words
from unfade.errors import escaped

LOG_WIDTH = 200
"""Characters a line in output that is not a terminal, so that table rows are not folded."""

MIN_TABLE_WIDTH = 60
"""Characters a line in tables, because ten columns in fewer cannot be read."""


REFRESHES_A_SECOND = 2
"""Redraws of the live area: the time so far shows every second, at less than 1 % of a core."""

LABEL_WIDTH = 32
"""Characters for the label of a bar, so that the bars of most steps start at the same place."""

BAR_WIDTH = 30
"""Characters of a bar, which leave room for counts on a terminal of 80."""


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


class PlainTable(Table):
    """A table without rules, whose cells print what would steer the terminal written out."""

    def __init__(self) -> None:
        super().__init__(box=None, pad_edge=False)

    def add_row(self, *cells: str) -> None:  # type: ignore[override]
        """Adds a row of texts."""
        super().add_row(*(escaped(one) for one in cells))


def plain_table(*headings: str) -> PlainTable:
    """An empty table; cells fold if the terminal is narrow."""
    table = PlainTable()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


class LiveArea(RunDisplay):
    """Two lines at the bottom of a terminal: stage and time left of the run, and the open bar.

    A thread draws them again and again while the area is open, so that they also move during a
    long computation.
    """

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._live = Live(
            console=console,
            get_renderable=self._draw,
            refresh_per_second=REFRESHES_A_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, message: str) -> None:
        """Prints a line above the area."""
        self._console.print(escaped(message))

    def _draw(self) -> RenderableType:
        return Group(self._run_line(), self._bar_line())

    def _run_line(self) -> Text:
        words = ": ".join(filter(None, (self.stage_in_words(), self.time_in_words())))
        return Text(words, style="bold", no_wrap=True, overflow="ellipsis")

    def _bar_line(self) -> RenderableType:
        bar = self.bar()
        if bar is None:
            return Text(f"    {self.task()}", no_wrap=True, overflow="ellipsis")
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True, overflow="ellipsis", min_width=LABEL_WIDTH)
        line.add_column(width=BAR_WIDTH)
        line.add_column(no_wrap=True)
        drawn = ProgressBar(total=bar.total or None, completed=bar.done, pulse=not bar.total)
        line.add_row(Text(escaped(f"    {bar.label}")), drawn, Text(count_in_words(bar)))
        return line
