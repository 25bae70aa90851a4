"""The file with the decisions of people, beside film.toml."""

from pathlib import Path

from unfade.errors import WorkError
from unfade.film.approval import Approval, Approvals
from unfade.work.writing import write_text


def read_approvals(folder: Path) -> Approvals:
    """The decisions in a work directory.

    Raises:
        WorkError: the file is damaged.
    """
    path = folder / Approvals.PATH
    try:
        return Approvals.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Approvals()
    except (OSError, ValueError) as error:
        raise WorkError(
            f"{path}: is damaged ({error}); restore it, because it holds who approved what"
        ) from error


def add_approval(folder: Path, approval: Approval) -> None:
    """Adds a decision to those in a work directory.

    Raises:
        WorkError: the file is damaged; it is not changed.
    """
    decisions = (*read_approvals(folder).decisions, approval)
    write_text(folder / Approvals.PATH, Approvals(decisions=decisions).to_json())
