"""An alignment: how the picture of a pair lies on the source."""

from typing import Literal

from pydantic import model_validator

from unfade.film.clip import Area
from unfade.film.noun import Artefact, Noun
from unfade.film.pair import Pair, Rejection

TransformKind = Literal["identity", "translation", "similarity", "affine", "homography"]
Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


class SmoothWarp(Noun):
    """A smooth displacement: `x` and `y` at nodes that span the source's live area, in its pixels.

    Rows of nodes run from the centres of the first row of pixels to those of the last, columns
    alike. Between nodes it is bicubic.
    """

    x: tuple[tuple[float, ...], ...]
    y: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _full(self) -> "SmoothWarp":
        if len({len(row) for row in (*self.x, *self.y)}) != 1 or len(self.x) != len(self.y):
            raise ValueError("the nodes of a warp fill no grid")
        return self


class Alignment(Noun):
    """How the reference picture of one pair lies on the source.

    `matrix` maps homogeneous pixel coordinates (x, y, 1) of the reference's live area to those of
    the source's live area; pixel centres are at whole numbers. Of a picture the live area is the
    whole. `kind` is "identity" where a picture with the scan's framing lies as it is. Where there
    is a `warp`, a pixel of the source shows what the matrix alone would lay beside it, as far off
    as the warp says there.

    What is left after both is in source pixels: `residual` and `residual_p95` are the median and
    95th percentile over textured blocks, `residual_moving` the median over those in which
    something moves, `residual_edges` the median across strong edges; none where there are none.
    `coverage` is the area of the source, in its live area's pixels, that the warped reference
    covers in full. `instead_of` is the pair, turned down, whose place this one took.
    """

    pair: Pair
    kind: TransformKind
    matrix: Matrix
    warp: SmoothWarp | None = None
    residual: float
    residual_p95: float
    residual_moving: float | None = None
    residual_edges: float | None = None
    inliers: int
    coverage: Area
    instead_of: Pair | None = None


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

    SCHEMA = "Alignments.3"
    PATH = "03-align/alignments.json"

    crop: Area
    admitted: tuple[Alignment, ...]
    rejected: tuple[Rejection, ...] = ()
