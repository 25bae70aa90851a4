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


class UnfadeError(Exception):
    """A failure that the user can mend."""


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
