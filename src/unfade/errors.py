"""What can go wrong, as a tree.

    UnfadeError          one clear sentence for a person; the command line ends with status 2
    ├── ProjectError     film.toml: a key, a value or a combination that cannot be used
    ├── MediaError       a picture or movie that cannot be found, read or written
    │   └── MissingFactError  what its file does not say and a key of film.toml has to
    ├── MatchError       source and reference that have nothing usable in common
    └── WorkError        the work directory: an artefact that is missing, foreign or damaged

Every message names the file and, where there is one, the frame; says what is wrong; says what to
do about it. Anything else is a defect of Unfade: one line, with its traceback in a log.
"""


class UnfadeError(Exception):
    """A failure that the user can do something about."""


class ProjectError(UnfadeError):
    """The project file asks for something that cannot be done."""


class MediaError(UnfadeError):
    """A picture or movie cannot be found, read or written."""


class MissingFactError(MediaError):
    """A file does not say what only a person can know.

    `key` is the key of [source] or [reference] that says it, `known` what the files say instead.
    """

    def __init__(self, message: str, key: str, known: str) -> None:
        super().__init__(message)
        self.key = key
        self.known = known


class MatchError(UnfadeError):
    """Source and reference have no usable content in common."""


class WorkError(UnfadeError):
    """An artefact of the work directory is missing, foreign or damaged."""
