"""A target: one training or hold-out example, as pictures on disk."""

from unfade.film.noun import Artefact, FileName, Noun
from unfade.film.pair import Pair, PairRole, counting_pairs


class Target(Noun):
    """The pictures of one admitted pair, of the scan's live area, beside the artefact.

    `source` and `truth` are float EXR files in the working space; `truth` has the luma of the
    source and the chroma of the reference. `weight` is a one-channel EXR file, 0 to 1: the
    confidence in each pixel of `truth`. `sha256` is over the three files, in that order.
    """

    pair: Pair
    source: FileName
    truth: FileName
    weight: FileName
    sha256: str


class UnpairedFrame(Noun):
    """A frame without a pair in a shot with pairs, to which their colour can be carried.

    `source` is a float EXR file beside the artefact: the live area on the model's raster, in the
    working space, 0 to 1. `sha256` is that of the file.
    """

    frame: int
    shot: int
    source: FileName
    sha256: str


class Targets(Artefact):
    """The targets, and the unpaired frames `between` them.

    `luma_parity` is the largest absolute luma difference between `source` and `truth` in any
    target. `between` is None if film.toml turns carried colour off.
    """

    SCHEMA = "Targets.3"
    PATH = "04-target/targets.json"

    targets: tuple[Target, ...]
    luma_parity: float
    between: tuple[UnpairedFrame, ...] | None = None

    def judging(self) -> list[Target]:
        """The targets that measure the result: of each shot those for the test, else its
        hold-outs."""
        tested = {one.pair.shot for one in self.with_role("test")}
        return [
            *self.with_role("test"),
            *(one for one in self.with_role("holdout") if one.pair.shot not in tested),
        ]

    def with_role(self, role: PairRole) -> list[Target]:
        """The targets of one role that count."""
        counting = {pair.source for pair in counting_pairs(one.pair for one in self.targets)}
        return [
            one for one in self.targets if one.pair.role == role and one.pair.source in counting
        ]
