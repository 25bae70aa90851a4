"""Texts that a person types into a form and that go on record."""

from typing import Any

from unfade.errors import ProjectError
from unfade.studio.pages import text_of
from unfade.work.people_records import one_line


def line_of(command: dict[str, Any], key: str, what: str, max_length: int) -> str:
    """A text of a command on one line.

    Args:
        command: that was sent.
        key: of the text.
        what: the text is, for the sentence: "the reason".
        max_length: in characters.

    Raises:
        ProjectError: it is empty or too long, or holds control characters.
    """
    text = one_line(what, text_of(command, key), max_length)
    if not text:
        raise ProjectError(f"{what} is empty; write it, because it goes on record")
    return text
