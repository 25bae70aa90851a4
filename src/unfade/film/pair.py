"""A pair: a frame of the source, and a picture of the same instant with good colour."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import model_validator

from unfade.film.noun import Artefact, Noun
from unfade.film.series import SeriesFilm
from unfade.film.shot import Shot
from unfade.film.wording import counted

PairKind = Literal["direct", "constructed"]
"""Where the colour comes from: photographed, or made by a person."""
PairRole = Literal["train", "holdout", "test"]
"""What the pair is for. "train" teaches. "holdout" does not, but chooses: the checkpoint, the
method of each shot, and whether a round of improvement stays. "test" neither teaches nor chooses;
it only measures the result."""

MIN_DISTANCE_FRAMES = 2
"""Smallest distance of two frames that count as different pictures, in frames. Adjacent frames are
nearly equal: beside one that is learned, the other teaches little, and its error is too small."""

ROLE_LABELS: dict[PairRole, str] = {
    "train": "training",
    "holdout": "not in training",
    "test": "not in training",
}
"""Labels of pictures by the role of their pair."""

ROLE_NAMES: dict[PairRole, str] = {"train": "training", "holdout": "hold-out", "test": "test"}
"""Roles of pairs as pages name them."""

ChosenBy = Literal["machine", "person"]


class Pair(Noun):
    """A frame of the source, paired with a frame of a reference or with a picture file.

    `reference` is the frame number in the reference with the name `of`. `picture` is the path of a
    picture file. `colorspace` is that of the picture if a person set it; None to read it from the
    file. `kind` is "constructed" if a person made the colour. An `aligned` pair is laid on the
    source's live area without a search. A `mirrored` pair takes the reference with left and right
    swapped. `similarity` is the structural similarity of the match, 0 to 1; None if a person fixed
    the pair.
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
            raise ValueError(
                "a reference frame needs the name of its reference, a picture has none"
            )
        return self


class Rejection(Noun):
    """A pair that was rejected, and the reason."""

    pair: Pair
    reason: str


class PairList(Artefact):
    """The result of curate: the shots of the source, the chosen pairs and the rejected ones.

    `scenes` has the number of the scene, from 1, of each shot; empty if the machine chose no pairs.
    `alternates` are spare pairs, in order of preference: if align rejects a machine's pair, a spare
    one of its shot and role replaces it, of the same frame in another reference or else of another
    frame. `remarks` are sentences about scan and references for the report. In a delivery `series`
    are the other films whose pairs taught the model, too.
    """

    SCHEMA = "PairList.2"
    PATH = "02-curate/pairs.json"

    shots: tuple[Shot, ...]
    pairs: tuple[Pair, ...]
    scenes: tuple[int, ...] = ()
    alternates: tuple[Pair, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    remarks: tuple[str, ...] = ()
    series: tuple[SeriesFilm, ...] = ()

    @model_validator(mode="after")
    def _same_length(self) -> "PairList":
        if self.scenes and len(self.scenes) != len(self.shots):
            raise ValueError("'scenes' does not have one number for each of 'shots'")
        return self

    def scene_of(self, shot: int) -> list[int]:
        """The numbers of all shots in the scene of a shot, itself included."""
        if not self.scenes:
            return [shot]
        scenes = {one.number: scene for one, scene in zip(self.shots, self.scenes, strict=True)}
        return [number for number, scene in scenes.items() if scene == scenes[shot]]

    def pairs_in_rest_of_scenes(self) -> dict[int, int]:
        """For each shot, by number, the number of pairs in the other shots of its scene."""
        numbers = [shot.number for shot in self.shots]
        scenes = dict(zip(numbers, self.scenes or numbers, strict=True))
        of_shot = Counter(pair.shot for pair in self.pairs)
        of_scene = Counter(scenes[pair.shot] for pair in self.pairs)
        return {shot: of_scene[scene] - of_shot[shot] for shot, scene in scenes.items()}


def pairs_by_shot(pairs: Iterable[Pair]) -> dict[int, list[Pair]]:
    """Pairs by the numbers of their shots, in their order; shots without pairs are left out."""
    by_shot: dict[int, list[Pair]] = {}
    for pair in pairs:
        by_shot.setdefault(pair.shot, []).append(pair)
    return by_shot


def counting_pairs(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs that teach or judge. A constructed pair that does not teach judges only in shots
    without direct pairs: what a person assumed must not count against what was photographed."""
    pairs = [*pairs]
    direct = {pair.shot for pair in pairs if pair.kind == "direct"}
    return [
        pair
        for pair in pairs
        if pair.role == "train" or pair.kind == "direct" or pair.shot not in direct
    ]


def pairs_in_words(pairs: Iterable[Pair], role: PairRole) -> str:
    """The number of pairs of a role, those with a constructed reference apart, such as
    "3 training pairs (2 direct, 1 constructed)"."""
    kinds = Counter(pair.kind for pair in pairs if pair.role == role)
    words = counted(kinds.total(), f"{ROLE_NAMES[role]} pair")
    if not kinds["constructed"]:
        return words
    return f"{words} ({kinds['direct']} direct, {kinds['constructed']} constructed)"
