"""Registration of a reference on a faded source, by their equalised lumas.

All pictures of a pair have the size of the source here: the reference has been scaled to it.
Matrices are 3x3 float64 and map (x, y, 1) of the reference to those of the source; pixel centres
have integer coordinates.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from unfade.align.transform.control_points import PointTransform
from unfade.align.transform.selection import kind_of, select_transform
from unfade.film.alignment import TransformKind
from unfade.geometry.warp import source_positions

_STRETCH_PERCENTILES = (0.5, 99.5)
"""Percentiles of the luma that become black and white, without dirt and specular highlights."""
_GRAIN_BLUR_PX = 0.8
"""Standard deviation of the blur that suppresses grain and keeps edges."""
_CLAHE_CLIP = 3.0
"""Contrast limit of CLAHE: a higher one amplifies grain in flat areas."""
_CLAHE_TILES = (8, 8)
"""Number of CLAHE tiles across and down."""
_MAX_FEATURES = 2500
"""Number of SIFT features per picture: the cost of matching grows with its square."""
_MAX_DISTANCE_RATIO = 0.8
"""Ratio of the distances of the nearest and second nearest descriptor up to which a match is
unambiguous (Lowe, 2004)."""
_MAX_INLIER_ERROR_PX = 2.0
"""Transfer error up to which a match is an inlier of the homography."""
_MAGSAC_ITERATIONS = 5000
"""Largest number of samples that MAGSAC draws."""
_MAGSAC_CONFIDENCE = 0.999
"""Probability with which MAGSAC finds the homography of the inliers."""
_MIN_MATCHES = 4
"""Number of matches that a homography requires."""
_KINDS: tuple[TransformKind, ...] = ("translation", "similarity", "affine", "homography")
"""Kinds of transforms, from the simplest to the richest."""
_OUTLINE_PX = 2.0
"""Width of the reference's outline that is not used, because of its border and the filter's
reach."""
_MIN_SCALE, _MAX_SCALE = 0.5, 2.0
"""Range of plausible scales, after the reference has been scaled to the source's size."""
_MAX_STRETCH = 1.3
"""Largest plausible ratio of horizontal and vertical scale."""
_MAX_ROTATION_DEGREES = 10.0
"""Largest plausible angle between the edges of reference and source."""


@dataclass(frozen=True)
class Features:
    """SIFT features of an equalised luma: points (n, 2) float32 and descriptors (n, 128)."""

    points: np.ndarray
    descriptors: np.ndarray


@dataclass(frozen=True)
class PointMatches:
    """Matching points of source and reference, (n, 2) each."""

    source_points: np.ndarray
    reference_points: np.ndarray


@dataclass(frozen=True)
class Registration:
    """A transform, and its number of inliers: matches of features, blocks, or control points.

    `smooth` are the nodes of a smooth warp on the source's raster, float64 (2, rows, columns)
    pixels: the displacement of each pixel against what the matrix alone places there; none without
    a warp. `points` is the transform by a person's control points, if they give the matrix.
    """

    matrix: np.ndarray
    inliers: int
    smooth: np.ndarray | None = None
    points: PointTransform | None = None

    @property
    def kind(self) -> TransformKind:
        """The simplest kind that describes the matrix."""
        return kind_of(self.matrix)


def equalised_luma(luma: np.ndarray) -> np.ndarray:
    """Luma, stretched and locally equalised: the part of a picture that survives fading.

    Args:
        luma: float32 (H, W).

    Returns:
        uint8 (H, W).
    """
    low, high = np.percentile(luma[::2, ::2], _STRETCH_PERCENTILES)
    stretched = np.clip((luma - low) * (255.0 / max(float(high - low), 1e-3)), 0, 255)
    smooth = cv2.GaussianBlur(stretched, (0, 0), _GRAIN_BLUR_PX).astype(np.uint8)
    return np.asarray(cv2.createCLAHE(_CLAHE_CLIP, _CLAHE_TILES).apply(smooth))


def find_features(picture: np.ndarray) -> Features:
    """SIFT features of an equalised luma, uint8 (H, W)."""
    keys, descriptors = cv2.SIFT.create(_MAX_FEATURES).detectAndCompute(picture, None)
    if descriptors is None:
        return Features(np.empty((0, 2), np.float32), np.empty((0, 128), np.float32))
    return Features(np.array([key.pt for key in keys], np.float32), np.asarray(descriptors))


def match(source: Features, reference: Features) -> PointMatches:
    """Matches of the features of source and reference, by Lowe's ratio test."""
    if len(source.points) < 2 or len(reference.points) < 2:
        return PointMatches(np.empty((0, 2), np.float32), np.empty((0, 2), np.float32))
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    pairs = matcher.knnMatch(reference.descriptors, source.descriptors, k=2)
    unambiguous = [
        nearest
        for nearest, second in pairs
        if nearest.distance < _MAX_DISTANCE_RATIO * second.distance
    ]
    source_points = np.array([source.points[m.trainIdx] for m in unambiguous], np.float32).reshape(
        -1, 2
    )
    reference_points = np.array(
        [reference.points[m.queryIdx] for m in unambiguous], np.float32
    ).reshape(-1, 2)
    return PointMatches(source_points, reference_points)


def register(matches: PointMatches) -> Registration | None:
    """The transform from the reference's features to the source's.

    The inliers of a homography (MAGSAC) are kept, and the simplest sufficient transform is fitted
    to them.

    Returns:
        None if there are too few matches.
    """
    source_points, reference_points = matches.source_points, matches.reference_points
    if len(source_points) < _MIN_MATCHES:
        return None
    homography, mask = cv2.findHomography(
        reference_points,
        source_points,
        cv2.USAC_MAGSAC,
        _MAX_INLIER_ERROR_PX,
        maxIters=_MAGSAC_ITERATIONS,
        confidence=_MAGSAC_CONFIDENCE,
    )
    if homography is None:
        return None
    inliers = mask.ravel().astype(bool)
    return Registration(
        select_transform(reference_points[inliers], source_points[inliers], _KINDS),
        int(inliers.sum()),
    )


class WarpMap:
    """The position in the reference of each pixel of the source's raster, under a registration."""

    def __init__(self, registration: Registration, height: int, width: int) -> None:
        """`height` and `width` are those of the source's raster, to which the reference has been
        scaled."""
        smooth = registration.smooth
        nodes = None if smooth is None else torch.from_numpy(smooth).float()
        matrix = torch.from_numpy(registration.matrix).float()
        x, y = source_positions(matrix, nodes, height, width)
        self._x, self._y = x.numpy(), y.numpy()
        self.inside = self._covered(0.0)

    def covered(self) -> np.ndarray:
        """Bool (H, W): pixels that the reference covers, without its outermost ones."""
        return self._covered(_OUTLINE_PX)

    def _covered(self, margin: float) -> np.ndarray:
        height, width = self._x.shape
        within = (self._x >= margin) & (self._x <= width - 1 - margin)
        return np.asarray(within & (self._y >= margin) & (self._y <= height - 1 - margin))

    def warp(self, picture: np.ndarray, border: int = cv2.BORDER_CONSTANT) -> np.ndarray:
        """A picture (H, W) or (H, W, C) warped to the source; outside it black, or as `border`
        says."""
        warped = cv2.remap(picture, self._x, self._y, cv2.INTER_LINEAR, borderMode=border)
        return np.asarray(warped)


def scaling(width: float, height: float, to_width: float, to_height: float) -> np.ndarray:
    """The matrix that scales a picture to another size, outline to outline."""
    x, y = to_width / width, to_height / height
    return np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2], [0.0, 0.0, 1.0]])


def implausible(matrix: np.ndarray, height: int, width: int) -> str | None:
    """Why a transform cannot be the framing of a reference; none if it can."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    warped_corners = cv2.perspectiveTransform(corners[None], matrix)[0]
    across = warped_corners[1] - warped_corners[0], warped_corners[2] - warped_corners[3]
    down = warped_corners[3] - warped_corners[0], warped_corners[2] - warped_corners[1]
    if any(edge[0] <= 0 for edge in across) or any(edge[1] <= 0 for edge in down):
        return "the transform mirrors or folds the picture"
    scales_x = [float(np.linalg.norm(edge)) / width for edge in across]
    scales_y = [float(np.linalg.norm(edge)) / height for edge in down]
    smallest, largest = min(*scales_x, *scales_y), max(*scales_x, *scales_y)
    if smallest < _MIN_SCALE or largest > _MAX_SCALE:
        return f"the transform scales by {smallest:.2f} to {largest:.2f}"
    if largest / smallest > _MAX_STRETCH:
        return f"the transform stretches by {largest / smallest:.2f}, above {_MAX_STRETCH}"
    angles = [np.degrees(np.arctan2(edge[1], edge[0])) for edge in across]
    angles += [np.degrees(np.arctan2(-edge[0], edge[1])) for edge in down]
    largest_angle = max(abs(float(angle)) for angle in angles)
    return (
        f"the transform rotates by {largest_angle:.0f} degrees"
        if largest_angle > _MAX_ROTATION_DEGREES
        else None
    )
