"""Texts that a person types into a form and that go on record."""

from typing import Any

from unfade.errors import ProjectError
from unfade.studio.pages import text_of
from unfade.work.people_records import one_line


def line_of(
    command: dict[str, Any], key: str, what: str, max_length: int, *, may_be_empty: bool = False
) -> str:
    """A text of a command on one line.

    Args:
        command: that was sent.
        key: of the text.
        what: the text is, for the sentence: "the reason".
        max_length: in characters.
        may_be_empty: whether the text may be empty or missing.

    Raises:
        ProjectError: it is empty or too long, or holds control characters.
    """
    text = one_line(what, text_of(command, key, "" if may_be_empty else None), max_length)
    if not text and not may_be_empty:
        raise ProjectError(f"{what} is empty; write it, because it goes on record")
    return text
