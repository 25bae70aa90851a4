"""A pair: a frame of the source and a picture of the same instant with good colour."""

from typing import Literal

from pydantic import model_validator

from unfade.film.noun import Artefact, Noun
from unfade.film.shot import Shot

PairKind = Literal["direct", "constructed"]
PairRole = Literal["train", "holdout"]
ChosenBy = Literal["machine", "person"]


class Pair(Noun):
    """A frame of the source with a frame of a reference, or with a picture file.

    `reference` is a frame number, and `of` the name of the reference that it is a frame of.
    `similarity` is the structural likeness that the match found, 0 to 1; none where a person
    fixed the pair. `aligned` pairs are trusted to lie on the source's live area as they are.
    `mirrored` pairs take the reference frame with left and right changed.
    """

    source: int
    reference: int | None = None
    of: str | None = None
    picture: str | None = None
    shot: int
    role: PairRole = "train"
    kind: PairKind = "direct"
    aligned: bool = False
    mirrored: bool = False
    chosen_by: ChosenBy = "machine"
    similarity: float | None = None
    note: str = ""

    @model_validator(mode="after")
    def _one_reference(self) -> "Pair":
        if (self.reference is None) == (self.picture is None):
            raise ValueError("a pair has either a reference frame or a picture")
        if (self.reference is None) != (self.of is None):
            raise ValueError("a reference frame is of a reference, and a picture of none")
        return self


class Rejection(Noun):
    """A pair that was considered and turned down, and why."""

    pair: Pair
    reason: str


class PairList(Artefact):
    """What curate chose: shots of the source, pairs, and what was turned down."""

    SCHEMA = "PairList.2"
    PLACE = "02-curate/pairs.json"

    shots: tuple[Shot, ...]
    pairs: tuple[Pair, ...]
    rejected: tuple[Rejection, ...] = ()
