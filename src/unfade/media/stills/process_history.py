"""The history of a DPX file in its user data, as text that archives read.

Source: FADGI, "Guidelines for Embedded Metadata within DPX File Headers for Digitized Motion
Picture Film" (2018), item 12.1. Field 75, User Identification, names what field 76, User Defined
Data, holds: a line for the film, one for its capture, one for each file made since. A line holds
variables, each a letter, "=" and a text, separated by comma and space; it ends with carriage return
and line feed.
"""

from collections.abc import Sequence

USER_IDENTIFICATION = b"FADGI process history"
"""What the guideline wants in field 75."""

_IDENTIFICATION_BYTES = 32
"""Length of field 75 (SMPTE ST 268-1)."""

_MAX_BYTES = 1_000_000
"""Largest length of field 76 (SMPTE ST 268-1)."""

Step = Sequence[tuple[str, str]]
"""The variables of a line, as letter and text, ``("O", "DPXv2")`` first."""


def user_data(history: Sequence[Step]) -> bytes:
    """Fields 75 and 76 of a DPX header.

    Commas in texts become semicolons; characters that ASCII lacks become ``?``.

    Raises:
        ValueError: a line does not begin with the variable O, or all are longer than the field.
    """
    if any(not step or step[0][0] != "O" for step in history):
        raise ValueError("a line of a process history begins with O, the format")
    lines = [", ".join(f"{letter}={_text(value)}" for letter, value in step) for step in history]
    text = "".join(f"{line}\r\n" for line in lines).encode("ascii", "replace")
    if len(text) > _MAX_BYTES:
        raise ValueError(f"a process history of {len(text)} bytes is longer than {_MAX_BYTES}")
    return USER_IDENTIFICATION.ljust(_IDENTIFICATION_BYTES, b"\0") + text


def _text(value: str) -> str:
    """A text on one line and without commas."""
    printable = "".join(one if one.isprintable() else " " for one in value)
    return " ".join(printable.replace(",", ";").split())
