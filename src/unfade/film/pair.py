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
    `mirrored` pairs take the reference frame with left and right changed. `colorspace` is that of
    the picture, as a person says; none to take what its file says.
    """

    source: int
    reference: int | None = None
    of: str | None = None
    picture: str | None = None
    colorspace: str | None = None
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
    """What curate chose: shots of the source, pairs, and what was turned down.

    `scenes` has the number of the scene of each shot, from 1; none where the machine chose
    nothing. `alternates` stand by, in order of preference: where a machine's pair turns out not to
    fit, one of its shot and role takes its place, of the same frame in another reference or else
    of another frame. `remarks` are sentences about scan and references that belong in the report.
    """

    SCHEMA = "PairList.2"
    PATH = "02-curate/pairs.json"

    shots: tuple[Shot, ...]
    pairs: tuple[Pair, ...]
    scenes: tuple[int, ...] = ()
    alternates: tuple[Pair, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    remarks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _a_scene_each(self) -> "PairList":
        if self.scenes and len(self.scenes) != len(self.shots):
            raise ValueError("'scenes' has not one number for each of 'shots'")
        return self

    def scene_of(self, shot: int) -> list[int]:
        """The numbers of the shots that are of one scene with a shot."""
        if not self.scenes:
            return [shot]
        numbers = {one.number: scene for one, scene in zip(self.shots, self.scenes, strict=True)}
        return [number for number, scene in numbers.items() if scene == numbers[shot]]

    def pairs_in_rest_of_scene(self, shot: int) -> int:
        """How many pairs the other shots of a shot's scene have."""
        others = {*self.scene_of(shot)} - {shot}
        return sum(pair.shot in others for pair in self.pairs)
