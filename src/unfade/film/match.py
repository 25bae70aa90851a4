"""What matching found of every frame of the scan, so that a choice of pairs can be explained."""

from typing import Literal

from pydantic import model_validator

from unfade.film.noun import Artefact, Noun
from unfade.film.time import FrameRange

FrameState = Literal["free", "unmatched", "uncertain", "passing", "cut", "dropped"]
"""Whether a frame can be a pair. "uncertain": the moving regions do not confirm the instant.
"passing": a fade, dissolve, flash or black. "cut": beside a cut. "dropped": a person does not want
it."""


class ReferenceMatches(Noun):
    """The match of every source frame in one reference; each column has one value a frame.

    `reference` is the frame of the reference, none where nothing there shows it. `similarity` is
    that of the match, 0 to 1, or else the best that was found. `lag` is how many frames after the
    match, or before it, the moving regions fit best. `detail` is how much of the scan's fine
    structure the reference shows, 0 to 1; none where there was nothing to compare it with.
    """

    reference: tuple[int | None, ...]
    similarity: tuple[float, ...]
    lag: tuple[float, ...]
    detail: float | None = None


class MatchRecord(Artefact):
    """The matches of every source frame; each column has one value a frame of `frames`.

    `references` has those in each reference by its name, `of` says which of them shows a frame
    best, none where nothing does.
    """

    SCHEMA = "MatchRecord.2"
    PATH = "02-curate/matches.json"

    frames: FrameRange
    references: dict[str, ReferenceMatches]
    of: tuple[str | None, ...]
    state: tuple[FrameState, ...]

    @model_validator(mode="after")
    def _as_many(self) -> "MatchRecord":
        columns: list[tuple[object, ...]] = [self.of, self.state]
        for one in self.references.values():
            columns += [one.reference, one.similarity, one.lag]
        if any(len(column) != len(self.frames) for column in columns):
            raise ValueError(f"a column has not {len(self.frames)} values")
        return self
