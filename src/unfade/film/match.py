"""What matching found of every frame of the scan, so that a choice of pairs can be explained."""

from typing import Literal

from pydantic import model_validator

from unfade.film.noun import Artefact
from unfade.film.time import FrameRange

FrameState = Literal["free", "unmatched", "uncertain", "passing", "cut", "dropped"]
"""Whether a frame can be a pair. "uncertain": the moving regions do not confirm the instant.
"passing": a fade, dissolve, flash or black. "cut": beside a cut. "dropped": a person does not want
it."""


class MatchRecord(Artefact):
    """The match of every source frame; each column has one value a frame of `frames`.

    `reference` is the frame of the reference, none where nothing there shows it. `similarity` is
    that of the match, 0 to 1, or else the best that was found. `lag` is how many frames after the
    match, or before it, the moving regions fit best.
    """

    SCHEMA = "MatchRecord.1"
    PLACE = "02-curate/matches.json"

    frames: FrameRange
    reference: tuple[int | None, ...]
    similarity: tuple[float, ...]
    lag: tuple[float, ...]
    state: tuple[FrameState, ...]

    @model_validator(mode="after")
    def _as_many(self) -> "MatchRecord":
        columns = (self.reference, self.similarity, self.lag, self.state)
        if any(len(column) != len(self.frames) for column in columns):
            raise ValueError(f"a column has not {len(self.frames)} values")
        return self
