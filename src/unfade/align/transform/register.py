"""The transform that lays a reference on a faded source, found in their structure.

All pictures of a pair have one size here, that of the source: the reference has been scaled to it.
Matrices are 3x3 float64 and map (x, y, 1) of the reference to those of the source, pixel centres
at whole numbers.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from unfade.align.transform.ladder import climb, kind_of
from unfade.film.alignment import TransformKind
from unfade.geometry.warp import source_positions

_STRETCH = (0.5, 99.5)
"""Percentiles of the luma that become black and white."""
_GRAIN_BLUR = 0.8
"""Pixels of blur under which grain loses to structure."""
_CLAHE_CLIP = 3.0
_CLAHE_TILES = (8, 8)
_MOST_FEATURES = 2500
_RATIO = 0.8
"""How much nearer than the second the nearest descriptor must be."""
_INLIER = 2.0
"""Pixels that a match may be off its transform."""
_KINDS: tuple[TransformKind, ...] = ("translation", "similarity", "affine", "homography")
_OUTLINE = 2.0
"""Pixels of the reference's outline that do not count: its own border and the filter's reach."""
_LEAST_SCALE, _MOST_SCALE = 0.5, 2.0
"""Of the reference after it has been brought to the source's size."""
_MOST_STRETCH = 1.3
"""Across against down."""
_MOST_TURN = 10.0
"""Degrees between the reference's edges and the source's."""


@dataclass(frozen=True)
class Features:
    """Points (n, 2) float32 of a picture of structure, and their SIFT descriptors (n, 128)."""

    points: np.ndarray
    descriptors: np.ndarray


@dataclass(frozen=True)
class PointMatches:
    """Points of the source and those of the reference that look like them, (n, 2) each."""

    here: np.ndarray
    there: np.ndarray


@dataclass(frozen=True)
class Registration:
    """A transform, and the number of the pair's matches, features or blocks, that hold it.

    `smooth`, where there is one, are the nodes of a smooth warp on the source's raster, float64
    (2, rows, columns) pixels: how far off a pixel shows what the matrix alone lays there.
    """

    matrix: np.ndarray
    inliers: int
    smooth: np.ndarray | None = None

    @property
    def kind(self) -> TransformKind:
        """The simplest kind that the matrix is of."""
        return kind_of(self.matrix)


def structure(luma: np.ndarray) -> np.ndarray:
    """What fading leaves of a picture: luma, stretched and locally equalised.

    Args:
        luma: float32 (H, W).

    Returns:
        uint8 (H, W).
    """
    low, high = np.percentile(luma[::2, ::2], _STRETCH)
    stretched = np.clip((luma - low) * (255.0 / max(float(high - low), 1e-3)), 0, 255)
    smooth = cv2.GaussianBlur(stretched, (0, 0), _GRAIN_BLUR).astype(np.uint8)
    return np.asarray(cv2.createCLAHE(_CLAHE_CLIP, _CLAHE_TILES).apply(smooth))


def find_features(picture: np.ndarray) -> Features:
    """SIFT features of a picture of structure, uint8 (H, W)."""
    keys, descriptors = cv2.SIFT.create(_MOST_FEATURES).detectAndCompute(picture, None)
    if descriptors is None:
        return Features(np.empty((0, 2), np.float32), np.empty((0, 128), np.float32))
    return Features(np.array([key.pt for key in keys], np.float32), np.asarray(descriptors))


def match(source: Features, reference: Features) -> PointMatches:
    """The features of source and reference that look alike, by the ratio test."""
    if len(source.points) < 2 or len(reference.points) < 2:
        return PointMatches(np.empty((0, 2), np.float32), np.empty((0, 2), np.float32))
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    pairs = matcher.knnMatch(reference.descriptors, source.descriptors, k=2)
    kept = [near for near, second in pairs if near.distance < _RATIO * second.distance]
    here = np.array([source.points[m.trainIdx] for m in kept], np.float32).reshape(-1, 2)
    there = np.array([reference.points[m.queryIdx] for m in kept], np.float32).reshape(-1, 2)
    return PointMatches(here, there)


def register(matches: PointMatches) -> Registration | None:
    """The transform of the reference's features onto the source's.

    PointMatches that a homography holds are kept, and of them the simplest transform that does.

    Returns:
        None where there are too few matches for any.
    """
    here, there = matches.here, matches.there
    if len(here) < 4:
        return None
    homography, held = cv2.findHomography(
        there, here, cv2.USAC_MAGSAC, _INLIER, maxIters=5000, confidence=0.999
    )
    if homography is None:
        return None
    inside = held.ravel().astype(bool)
    return Registration(climb(there[inside], here[inside], _KINDS), int(inside.sum()))


class Place:
    """Where in a reference each pixel of the source's raster lies under a registration."""

    def __init__(self, registration: Registration, height: int, width: int) -> None:
        """`height` and `width` are of the source's raster and of the reference, scaled to it."""
        smooth = registration.smooth
        nodes = None if smooth is None else torch.from_numpy(smooth).float()
        matrix = torch.from_numpy(registration.matrix).float()
        where = source_positions(matrix, nodes, height, width).numpy()
        self._x, self._y = (np.ascontiguousarray(where[..., k]) for k in (0, 1))
        self.inside = self._covered(0.0)

    def covered(self) -> np.ndarray:
        """What the reference covers without its outermost pixels: bool (H, W)."""
        return self._covered(_OUTLINE)

    def _covered(self, margin: float) -> np.ndarray:
        height, width = self._x.shape
        within = (self._x >= margin) & (self._x <= width - 1 - margin)
        return np.asarray(within & (self._y >= margin) & (self._y <= height - 1 - margin))

    def lay(self, picture: np.ndarray, border: int = cv2.BORDER_CONSTANT) -> np.ndarray:
        """A picture (H, W) or (H, W, C) laid on the source; outside it black, or as border says."""
        laid = cv2.remap(picture, self._x, self._y, cv2.INTER_LINEAR, borderMode=border)
        return np.asarray(laid)


def scaling(width: float, height: float, to_width: float, to_height: float) -> np.ndarray:
    """The matrix that scales a whole picture of one size to another."""
    x, y = to_width / width, to_height / height
    return np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (y - 1) / 2], [0.0, 0.0, 1.0]])


def implausible(matrix: np.ndarray, height: int, width: int) -> str | None:
    """Why a transform cannot be how a reference frames its source, or none where it can."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    placed = cv2.perspectiveTransform(corners[None], matrix)[0]
    across = placed[1] - placed[0], placed[2] - placed[3]
    down = placed[3] - placed[0], placed[2] - placed[1]
    if any(a[0] <= 0 for a in across) or any(d[1] <= 0 for d in down):
        return "the transform mirrors or folds the picture"
    scales_x = [float(np.linalg.norm(a)) / width for a in across]
    scales_y = [float(np.linalg.norm(d)) / height for d in down]
    least, most = min(*scales_x, *scales_y), max(*scales_x, *scales_y)
    if least < _LEAST_SCALE or most > _MOST_SCALE:
        return f"the transform scales by {least:.2f} to {most:.2f}"
    if most / least > _MOST_STRETCH:
        return f"the transform stretches by {most / least:.2f}, above {_MOST_STRETCH}"
    turns = [np.degrees(np.arctan2(a[1], a[0])) for a in across]
    turns += [np.degrees(np.arctan2(-d[0], d[1])) for d in down]
    turn = max(abs(float(angle)) for angle in turns)
    return f"the transform turns by {turn:.0f} degrees" if turn > _MOST_TURN else None
