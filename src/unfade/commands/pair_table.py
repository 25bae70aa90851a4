"""The table of all pairs of a film."""

from rich.table import Table

from unfade.commands.terminal import plain_table
from unfade.work.pair_records import PairEntry, PairRecords

_MISSING = "-"
"""The text of a cell without a value."""


def pair_table(records: PairRecords) -> Table:
    """A table with one row for each pair: admitted, rejected, or not yet aligned."""
    table = plain_table("source", "reference", "shot", "role", "kind", "chosen by")
    for heading in ("lag, frames", "residual, px", "overlap"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("state", overflow="fold")
    for entry in records.entries():
        table.add_row(*_row(records, entry))
    return table


def _row(records: PairRecords, entry: PairEntry) -> list[str]:
    pair, alignment = entry.pair, entry.alignment
    matched = pair.chosen_by == "machine" or entry.reason is not None
    lag = records.lag_of(pair) if matched else None
    state = "not aligned yet" if alignment is None else "admitted"
    if alignment is not None and alignment.instead_of is not None:
        state += f" instead of {alignment.instead_of.source}"
    return [
        str(pair.source),
        records.reference_label(pair),
        f"s{pair.shot:03d}",
        pair.role,
        pair.kind,
        pair.chosen_by,
        _MISSING if lag is None else f"{lag:+.2f}",
        _MISSING if alignment is None else f"{alignment.residual:.2f}",
        _MISSING if alignment is None else f"{records.overlap(alignment):.0%}",
        state if entry.reason is None else f"rejected: {entry.reason}",
    ]
