"""Texts that a person types into a form and that go on record."""

from typing import Any

from unfade.errors import ProjectError
from unfade.studio.pages import text_of


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
    text = " ".join(text_of(command, key).split())
    if not text:
        raise ProjectError(f"{what} is empty; write it, because it goes on record")
    if not text.isprintable():
        raise ProjectError(f"{what} holds a control character; leave it out")
    if len(text) > max_length:
        raise ProjectError(
            f"{what} has {len(text):,} characters; shorten it to {max_length:,} at most"
        )
    return text
