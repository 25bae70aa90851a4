"""Words of messages and pages."""

from unfade.errors import escaped


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``"1 frame"``, ``"2 frames"``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def frames_in_words(first: int, last: int) -> str:
    """A run of frames: ``"1012 to 1019"``, or one."""
    return str(first) if first == last else f"{first} to {last}"


def printable(text: str) -> str:
    """A text of a person on one line; characters that steer a terminal or turn the direction of
    writing become spaces, because a record from elsewhere may hold them."""
    return "".join(one if one.isprintable() else " " for one in text)


def for_page(value: object) -> object:
    """A value as a page shows it. Of a text, characters that steer or turn it are written out;
    markup that a template made stays."""
    return escaped(value.replace("\r\n", "\n")) if type(value) is str else value
