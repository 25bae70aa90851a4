"""The transform that control points placed by hand give: pure maths, quick enough for a preview
while a person drags a point."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from scipy.optimize import least_squares

from unfade.align.transform.selection import fit_transform
from unfade.film.alignment import TransformKind
from unfade.film.clip import Area, Clip
from unfade.film.control_points import PICTURE_NAMES, ControlPoint, kind_by_count, positions_of

_CENTRE_PX = 0.5
"""Position of a pixel's centre from its corner: control points count from corners, matrices from
centres."""
_MIN_DEPTH_RATIO = 0.1
"""Smallest depth of a picture's corners, as a share of the largest: below it a homography enlarges
one border ten times as much as another, so that the points have an error."""


@dataclass(frozen=True)
class PointPicture:
    """A picture on which control points lie: its size, its live area, both in pixels, and width /
    height of a pixel."""

    width: int
    height: int
    live_area: Area
    pixel_aspect: float = 1.0

    @classmethod
    def of_clip(cls, clip: Clip) -> Self:
        """A frame of a clip."""
        return cls(clip.width, clip.height, clip.live_area, float(clip.pixel_aspect))

    @classmethod
    def of_size(cls, width: int, height: int) -> Self:
        """A picture file, which has no border and square pixels."""
        return cls(width, height, Area(x=0, y=0, width=width, height=height))


@dataclass(frozen=True)
class PointTransform:
    """A transform by control points.

    `matrix` maps homogeneous pixel coordinates of the reference's live area to those of the
    source's, as `Alignment.matrix` does. `source` (n, 2) are the points in the source's live area,
    `placed` (n, 2) where the transform lays those of the reference.
    """

    kind: TransformKind
    matrix: np.ndarray
    source: np.ndarray
    placed: np.ndarray

    @property
    def distances(self) -> np.ndarray:
        """Distance of each point from where it should lie, (n,) source pixels."""
        return np.asarray(np.linalg.norm(self.placed - self.source, axis=1))

    @property
    def residual(self) -> float:
        """Root mean square distance of the points, in source pixels; 0 for up to 4 points."""
        return float(np.sqrt(np.mean(self.distances**2)))


def transform_by_points(
    points: Sequence[ControlPoint],
    source: PointPicture,
    reference: PointPicture,
    framing: np.ndarray | None = None,
    bend: np.ndarray | None = None,
) -> PointTransform:
    """The transform of a reference by its control points.

    1 point moves a framing, 2 move, rotate and scale it, 3 give an affine transform, 4 or more a
    homography that minimises the squared distances in the source.

    Args:
        points: at least one, which `check_control_points` has accepted.
        source: the frame of the scan.
        reference: the reference.
        framing: a matrix as in the result, from which 1 or 2 points start. None: 1 point starts
            from live area on live area, 2 points from the aspect ratios of the pixels.
        bend: displacement by the framing's smooth warp at each point of the source, (n, 2) pixels;
            None without a warp.

    Raises:
        ValueError: a point is outside its picture, or the transform folds the reference.
    """
    _check_inside(points, source, reference)
    to_points, from_points = (
        np.array(positions) - _CENTRE_PX - (picture.live_area.x, picture.live_area.y)
        for positions, picture in zip(positions_of(points), (source, reference), strict=True)
    )
    targets = to_points if bend is None else to_points + bend
    kind = kind_by_count(len(points))
    if kind in ("translation", "similarity"):
        start = _start(source, reference, kind) if framing is None else framing
        matrix = fit_transform(kind, _moved(start, from_points), targets) @ start
    else:
        matrix = fit_transform(kind, from_points, targets)
    if len(points) > 4:
        matrix = _refined_homography(matrix, from_points, targets)
    matrix = matrix / matrix[2, 2]
    _check_folds(matrix, reference.live_area)
    placed = _moved(matrix, from_points) + to_points - targets
    return PointTransform(kind, matrix, to_points, placed)


def _start(source: PointPicture, reference: PointPicture, kind: TransformKind) -> np.ndarray:
    """The matrix that control points move if the film has no framing."""
    here, there = source.live_area, reference.live_area
    across, down = here.width / there.width, here.height / there.height
    if kind == "similarity":
        across, down = reference.pixel_aspect / source.pixel_aspect, 1.0
    shift = (across - 1) / 2, (down - 1) / 2
    return np.array([[across, 0.0, shift[0]], [0.0, down, shift[1]], [0.0, 0.0, 1.0]])


def _refined_homography(
    matrix: np.ndarray, from_points: np.ndarray, to_points: np.ndarray
) -> np.ndarray:
    """The homography of least squared distances, from the nearly equal one of the direct linear
    transform."""
    extent = np.abs(from_points).max()
    # Rows and columns are scaled so that all parameters have a like effect.
    scale = np.outer((1.0, 1.0, 1.0 / extent), (1.0, 1.0, extent))

    def errors(parameters: np.ndarray) -> np.ndarray:
        homography = np.append(parameters, 1.0).reshape(3, 3) * scale
        return np.asarray((_moved(homography, from_points) - to_points).ravel())

    start = (matrix / matrix[2, 2] / scale).ravel()[:8]
    return np.append(least_squares(errors, start, method="lm").x, 1.0).reshape(3, 3) * scale


def _moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.perspectiveTransform(points[None], matrix)[0])


def _check_inside(
    points: Sequence[ControlPoint], source: PointPicture, reference: PointPicture
) -> None:
    """
    Raises:
        ValueError: a point is outside its picture.
    """
    for name, picture, positions in zip(
        PICTURE_NAMES, (source, reference), positions_of(points), strict=True
    ):
        for number, (x, y) in enumerate(positions, start=1):
            if x > picture.width or y > picture.height:
                raise ValueError(
                    f"point {number} is at {x:g}, {y:g} in the {name}, which is {picture.width} x "
                    f"{picture.height} pixels; move it inside"
                )


def _check_folds(matrix: np.ndarray, live: Area) -> None:
    """
    Raises:
        ValueError: the transform sends a part of the live area to infinity and beyond.
    """
    corners = np.array(
        [[x, y, 1.0] for x in (0.0, live.width - 1.0) for y in (0.0, live.height - 1.0)]
    )
    depth = corners @ matrix[2]
    if depth.min() <= _MIN_DEPTH_RATIO * depth.max():
        raise ValueError(
            "the points fold the picture near its border; spread them over the picture, correct "
            "the one that is off, or leave three points"
        )
