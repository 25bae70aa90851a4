"""An alignment: how the picture of a pair lies on the source."""

from typing import Literal

from unfade.film.clip import Area
from unfade.film.noun import Artefact, Noun
from unfade.film.pair import Pair, Rejection

TransformKind = Literal["identity", "affine", "homography"]
Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


class Alignment(Noun):
    """How the reference picture of one pair lies on the source.

    `matrix` maps homogeneous pixel coordinates (x, y, 1) of the reference's live area to those of
    the source's live area; pixel centres are at whole numbers. `residual` and `residual_p95` are
    the median and 95th percentile of what is left after it, in source pixels. `coverage` is the
    area of the source, in its live area's pixels, that the warped reference covers in full.
    """

    pair: Pair
    kind: TransformKind
    matrix: Matrix
    residual: float
    residual_p95: float
    inliers: int
    coverage: Area


def weight_file(frame: int) -> str:
    """Where in the work directory the weight of the pair at a source frame is.

    One channel on the raster of the source's live area: 0 where the reference shows something
    else, or nothing, 1 where it is to be trusted.
    """
    return f"03-align/weight-{frame:06d}.exr"


class Alignments(Artefact):
    """What align admitted and what it turned down.

    `crop` is the part of the source's live area that every admitted pair covers.
    """

    SCHEMA = "Alignments.1"
    PLACE = "03-align/alignments.json"

    crop: Area
    admitted: tuple[Alignment, ...]
    rejected: tuple[Rejection, ...] = ()
