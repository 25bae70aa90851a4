"""The match of every frame of the scan, kept so that the choice of pairs can be explained."""

from typing import Literal

from pydantic import model_validator

from unfade.film.noun import Artefact, Noun
from unfade.film.time import ClipFrames

FrameState = Literal[
    "free", "changing", "unmatched", "uncertain", "passing", "cut", "dropped", "damaged"
]
"""Whether a frame can be a pair. "free": it can. "changing": its light changes, in a fade or beside
fast motion, and it is a pair only where no free frame has its light. "unmatched": no reference
frame shows it. "uncertain": its moving regions fit another instant better. "passing": it lies in a
dissolve, flash or black, or in a fade beside a cut. "cut": it lies beside a cut. "dropped": a
person excluded it. "damaged": its file is missing or damaged."""

PAIRABLE: tuple[FrameState, ...] = ("free", "changing")
"""States of the frames that can be a pair."""


class ReferenceMatches(Noun):
    """The match of every source frame in one reference; each column has one value a source frame.

    `reference` is the number of the matching reference frame; None if there is none. `similarity`
    is the structural similarity of the match, 0 to 1; without a match, the best one found. `lag`
    is the offset from the match, in frames, positive for later, at which the moving regions fit
    best. `detail` is the share of the scan's fine structure that the reference shows, 0 to 1, over
    the film; None if no frames could be compared.
    """

    reference: tuple[int | None, ...]
    similarity: tuple[float, ...]
    lag: tuple[float, ...]
    detail: float | None = None


class MatchRecord(Artefact):
    """The matches of every source frame; each column has one value for each of `frames`.

    `references` has the matches in each reference by its name. `of` is the name of the reference
    that shows the frame best; None if no reference shows it.
    """

    SCHEMA = "MatchRecord.2"
    PATH = "02-curate/matches.json"

    frames: ClipFrames
    references: dict[str, ReferenceMatches]
    of: tuple[str | None, ...]
    state: tuple[FrameState, ...]

    @model_validator(mode="after")
    def _same_length(self) -> "MatchRecord":
        columns: list[tuple[object, ...]] = [self.of, self.state]
        for matches in self.references.values():
            columns += [matches.reference, matches.similarity, matches.lag]
        if any(len(column) != len(self.frames) for column in columns):
            raise ValueError(f"a column does not have {len(self.frames)} values")
        if unknown := {*self.of} - {None, *self.references}:
            raise ValueError(f"'of' names '{unknown.pop()}', which is no reference")
        return self
