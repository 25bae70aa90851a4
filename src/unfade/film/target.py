"""A target: one training or hold-out example, as pictures on disk."""

from unfade.film.noun import Artefact, Noun
from unfade.film.pair import Pair


class Target(Noun):
    """The pictures of one admitted pair, cut to the shared crop, beside the artefact.

    `source` and `truth` are float EXR in the working space; `truth` has the luma of the source
    and the chroma of the reference. `weight` is a one-channel EXR, 0 to 1: how far each pixel of
    the truth is to be trusted. `sha256` is over the three files, in that order.
    """

    pair: Pair
    source: str
    truth: str
    weight: str
    sha256: str


class UnpairedFrame(Noun):
    """A frame without a pair, of a shot with pairs, that their colour can be carried to.

    `source` is a float EXR beside the artefact: the live area on the model's raster, in the working
    space and 0 to 1. `sha256` is of it.
    """

    frame: int
    shot: int
    source: str
    sha256: str


class Targets(Artefact):
    """Every target, the frames `between` them, and the greatest luma difference between `source`
    and `truth` in any. Where colour is not to be carried, `between` is none."""

    SCHEMA = "Targets.3"
    PATH = "04-target/targets.json"

    targets: tuple[Target, ...]
    luma_parity: float
    between: tuple[UnpairedFrame, ...] | None = None
