"""A receipt: the inputs and outputs of a stage, by which a later run knows what has changed."""

from unfade.film.noun import Artefact, Noun

UNFINISHED = ".unfinished"
"""A marker file in the folder of a stage while the stage runs. If a killed run left it, the receipt
is valid only if no file was added or rewritten since."""


class Output(Noun):
    """An output file of a stage: its size, its time of change, and the SHA-256 of artefacts.

    The digest is needed because copying a project may change the times.
    """

    size: int
    mtime_ns: int
    sha256: str | None = None


class Cost(Noun):
    """Seconds of wall time, and of all processor cores together."""

    wall_s: float
    cpu_s: float


class Receipt(Artefact):
    """The receipt in a stage's folder, written when the stage is done; the next one replaces it.

    `revision` is that of the stage's code. `settings` are the values of film.toml that the stage
    depends on, with dotted keys, ``"render.version": "1"``; of paths only the last part.
    `inputs` are digests of the artefacts, files and elements that it read. `outputs` are its files,
    by path in its folder. `versions` are those of the software. `cost` is that of the last run,
    which may have gone on from an earlier one; None in receipts of older versions.
    """

    SCHEMA = "Receipt.2"
    PATH = "receipt.json"

    stage: str
    revision: int
    settings: dict[str, str]
    inputs: dict[str, str]
    outputs: dict[str, Output]
    versions: dict[str, str]
    cost: Cost | None = None
