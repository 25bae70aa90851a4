"""The tree of errors.

    UnfadeError          one sentence for the user; the command line exits with status 2
    ├── ProjectError     film.toml: a key, a value or a combination that cannot be used
    ├── MediaError       a picture or movie that cannot be found, read or written
    │   └── MissingFactError  a fact that the file does not state; a key of film.toml has to
    ├── MatchError       source and reference have no usable content in common
    └── WorkError        the work directory: an artefact that is missing, foreign or damaged

Every message names the file and, if there is one, the frame, then says what is wrong and what to
do. Any other exception is a defect of Unfade: it gives one line, and its traceback goes into a log.
"""

import unicodedata

MAX_SENTENCE = 10_000
"""Characters of a sentence: two paths of the largest length, and words."""

_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of what is read, so that a name could look like another."""


def escaped(text: str) -> str:
    """A text whose control characters, and those that turn the direction of what is read, are
    written out, such as ``\\x1b``: names and notes in files of others may hold them, and they
    steer terminals. Line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(one if _is_harmless(one) else ascii(one)[1:-1] for one in text)


def one_line(text: str) -> str:
    """A text as a sentence: escaped, on one line, and not longer than `MAX_SENTENCE`."""
    line = escaped(" ".join(text.split()))
    if len(line) <= MAX_SENTENCE:
        return line
    half = MAX_SENTENCE // 2
    return f"{line[:half]} ... {line[-half:]}"


def _is_harmless(letter: str) -> bool:
    category = unicodedata.category(letter)
    return letter in "\n\t" or (category not in ("Cc", "Cs", "Zl", "Zp") and letter not in _TURNING)


class UnfadeError(Exception):
    """A failure that the user can mend."""

    def __str__(self) -> str:
        """The sentence, which may hold names of files of others, on one line without control
        characters."""
        return one_line(super().__str__())


class ProjectError(UnfadeError):
    """The project file asks for something that cannot be done."""


class MediaError(UnfadeError):
    """A picture or movie cannot be found, read or written."""


class MissingFactError(MediaError):
    """A file does not state a fact, such as its colour space, that Unfade must not guess.

    `key` is the key of [source] or [reference] that states the fact. `known` describes what the
    files say about it.
    """

    def __init__(self, message: str, key: str, known: str) -> None:
        super().__init__(message)
        self.key = key
        self.known = known

    def __reduce__(self) -> tuple[type["MissingFactError"], tuple[str, str, str]]:
        return type(self), (str(self), self.key, self.known)


class MatchError(UnfadeError):
    """Source and reference have no usable content in common."""


class WorkError(UnfadeError):
    """An artefact of the work directory is missing, foreign or damaged."""
