"""An alignment: how the picture of a pair lies on the source."""

from typing import Literal

from pydantic import model_validator

from unfade.film.clip import Area
from unfade.film.noun import Artefact, Noun
from unfade.film.pair import Pair, Rejection

TransformKind = Literal["identity", "translation", "similarity", "affine", "homography"]
"""The class of a transform, from the fewest degrees of freedom to the most."""
AlignmentKind = TransformKind | Literal["points"]
"""The class of the transform that the machine found, or "points" for one of control points."""
Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
"""The rows of a 3x3 matrix."""


class SmoothWarp(Noun):
    """A smooth displacement field over the source's live area, in pixels of the source.

    `x` and `y` are displacements at a grid of nodes. The outermost nodes lie at the centres of the
    outermost pixels; between nodes interpolation is bicubic.
    """

    x: tuple[tuple[float, ...], ...]
    y: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _full(self) -> "SmoothWarp":
        if len({len(row) for row in (*self.x, *self.y)}) != 1 or len(self.x) != len(self.y):
            raise ValueError("the nodes of a warp do not form a grid")
        return self


class Alignment(Noun):
    """How the reference picture of one pair lies on the source.

    `matrix` maps homogeneous pixel coordinates (x, y, 1) of the reference's live area to those of
    the source's live area; pixel centres are at whole numbers. The live area of a picture is the
    whole picture. `kind` is "identity" if a picture with the scan's framing needs no transform, and
    "points" if control points of a person give the transform. With a `warp`, the source pixel at p
    shows what `matrix` alone lays at p plus the displacement of the warp at p.

    Residuals are displacements, in source pixels, that remain after matrix and warp: `residual`
    and `residual_p95` are the median and the 95th percentile over textured blocks,
    `residual_moving` is the median over textured blocks with motion, and `residual_edges` is the
    median across strong edges; the last two are None without such blocks or edges.

    `inliers` counts the feature matches that fit the transform, the blocks if `kind` is "identity",
    the control points if it is "points". `points_residual` is the root mean square distance, in
    source pixels, from the control points of the source to those of the reference after the
    transform; None without control points. `overruled` is the reason for which the machine would
    have rejected a pair with control points. `coverage` is the part of the source's live area that
    the warped reference covers in full. `instead_of` is the rejected pair that this one replaces.
    """

    pair: Pair
    kind: AlignmentKind
    matrix: Matrix
    warp: SmoothWarp | None = None
    residual: float
    residual_p95: float
    residual_moving: float | None = None
    residual_edges: float | None = None
    inliers: int
    points_residual: float | None = None
    overruled: str | None = None
    coverage: Area
    instead_of: Pair | None = None


def weight_file(frame: int) -> str:
    """The path, in the work directory, of the weight picture of the pair at a source frame.

    It has one channel on the raster of the source's live area: 0 where the reference shows nothing
    or other content, 1 where confidence is full.
    """
    return f"03-align/weight-{frame:06d}.exr"


class Alignments(Artefact):
    """The pairs that align admitted, and those that it rejected.

    `crop` is the part of the source's live area that every admitted pair covers.
    """

    SCHEMA = "Alignments.3"
    PATH = "03-align/alignments.json"

    crop: Area
    admitted: tuple[Alignment, ...]
    rejected: tuple[Rejection, ...] = ()
