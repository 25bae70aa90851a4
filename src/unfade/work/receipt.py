"""A receipt: the inputs and outputs of a stage, by which a later run knows what has changed."""

from typing import Self

from pydantic import Field, model_validator

from unfade.film.noun import Artefact, Noun

UNFINISHED = ".unfinished"
"""A marker file in the folder of a stage while the stage runs. If a killed run left it, the receipt
is valid only if no file was added or rewritten since."""


class Outputs(Noun):
    """The output files of a stage: their names, and in the same order their sizes in bytes and
    times of change in nanoseconds; and the SHA-256 of artefacts, by name.

    The digests are needed because copying a project may change the times. Names, sizes and times
    stand apart because a film has 150,000 of them, which are read ten times as fast this way.
    """

    names: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    mtimes_ns: tuple[int, ...] = ()
    sha256: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if not len(self.names) == len(self.sizes) == len(self.mtimes_ns):
            raise ValueError("there are not as many sizes or times as names")
        return self


class Cost(Noun):
    """Seconds of wall time, and of all processor cores together."""

    wall_s: float
    cpu_s: float


class Receipt(Artefact):
    """The receipt in a stage's folder, written when the stage is done; the next one replaces it.

    `revision` is that of the stage's code. `settings` are the values of film.toml that the stage
    depends on, with dotted keys, ``"render.version": "1"``; of paths only the last part.
    `inputs` are digests of the artefacts, files and elements that it read. `outputs` are its files,
    named by their paths in its folder. `versions` are those of the software. `cost` is that of the
    last run, which may have gone on from an earlier one; None in receipts of older versions.
    """

    SCHEMA = "Receipt.3"
    PATH = "receipt.json"

    stage: str
    revision: int
    settings: dict[str, str]
    inputs: dict[str, str]
    outputs: Outputs
    versions: dict[str, str]
    cost: Cost | None = None
