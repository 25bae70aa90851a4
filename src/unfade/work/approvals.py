"""The file with the decisions of people, beside film.toml."""

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


def add_approval(folder: Path, approval: Approval) -> None:
    """Adds a decision to those in a work directory.

    Raises:
        WorkError: the file is damaged; it is not changed.
    """
    decisions = (*read_approvals(folder).decisions, approval)
    write_text(folder / Approvals.PATH, Approvals(decisions=decisions).to_json())
