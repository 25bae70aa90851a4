"""The file with the decisions of people, beside film.toml."""

from collections.abc import Callable
from pathlib import Path

from unfade.film.approval import Approval, Approvals
from unfade.work.people_records import read_people_record
from unfade.work.writing import write_text


def read_approvals(folder: Path) -> Approvals:
    """The decisions in a work directory.

    Raises:
        WorkError: the file is damaged.
    """
    return read_people_record(folder, Approvals, "who approved what")


def decision_in_words(folder: Path, masters_sha256: Callable[[], str]) -> str:
    """The decision on the masters of a work directory, or that there is none. Their digest is asked
    for only if there are decisions, because the record of a long film takes a second to read.

    Raises:
        WorkError: the file is damaged.
    """
    approvals = read_approvals(folder)
    return approvals.in_words(masters_sha256() if approvals.decisions else "")


def add_approval(folder: Path, approval: Approval) -> None:
    """Adds a decision to those in a work directory.

    Raises:
        WorkError: the file is damaged; it is not changed.
    """
    decisions = (*read_approvals(folder).decisions, approval)
    write_text(folder / Approvals.PATH, Approvals(decisions=decisions).to_json())
