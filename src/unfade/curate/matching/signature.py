"""What a frame looks like apart from its colours: signatures that survive fading and framing."""

from dataclasses import dataclass

import cv2
import numpy as np

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_FLOOR = 4.0
"""Contrast, of 255, below which a neighbourhood counts as flat: grain and compression noise."""
_SHRINKS = 1.5
"""Pixels of a picture to one of its view, from which it has to be averaged."""
_LIMIT = 2.5
"""Local contrasts are cut there, in standard deviations, so that no single edge outweighs."""


@dataclass(frozen=True)
class Framing:
    """Where the source's picture lies in the reference's, both running from 0 to 1.

    A source point (x, y) is at (x * scale_x + y * shear_x + shift_x,
    x * shear_y + y * scale_y + shift_y) of the reference; `scale_x` is below 0 where the
    reference is mirrored.
    """

    scale_x: float = 1.0
    scale_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    shear_x: float = 0.0
    shear_y: float = 0.0

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3): homogeneous source points to those of the reference."""
        return np.array(
            [
                [self.scale_x, self.shear_x, self.shift_x],
                [self.shear_y, self.scale_y, self.shift_y],
                [0.0, 0.0, 1.0],
            ]
        )

    @classmethod
    def of(cls, matrix: np.ndarray) -> "Framing":
        """The framing of a matrix (2 or 3, 3)."""
        (a, b, c), (d, e, f) = ([float(value) for value in row] for row in matrix[:2])
        return cls(a, e, c, f, b, d)


@dataclass(frozen=True)
class Window:
    """A part of a picture that is looked at: `matrix` (3, 3) takes points of the view to those of
    the picture, both running from 0 to 1. `bend` (rows, columns, 2) is how far right and down,
    in the view, its parts are looked for besides; none where the picture is not bent."""

    matrix: np.ndarray
    bend: np.ndarray | None = None

    def places(self, size: tuple[int, int], width: int, height: int) -> np.ndarray:
        """Where each pixel of the view is in a picture, (height, width, 2) float32 of x and y.

        Args:
            size: height and width of the picture, in pixels.
            width: of the view, in pixels.
            height: of it.
        """
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        points = np.stack([(x + 0.5) / width, (y + 0.5) / height, np.ones_like(x)], axis=-1)
        if self.bend is not None:
            points[..., :2] += cv2.resize(self.bend, (width, height), interpolation=cv2.INTER_CUBIC)
        place = points @ self.matrix.T[:, :2] * np.array([size[1], size[0]]) - 0.5
        return np.asarray(place, np.float32)


WHOLE = Window(np.eye(3))


def shared_views(framing: Framing) -> tuple[Window, Window]:
    """The views of the source, and of the reference, that show the same: what both have."""
    corners = np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]], np.float64)
    x, y, _ = np.linalg.inv(framing.matrix) @ corners
    (_, left, right, _), (_, top, bottom, _) = np.sort(x), np.sort(y)
    left, top, right, bottom = max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
    ours = np.array([[right - left, 0.0, left], [0.0, bottom - top, top], [0.0, 0.0, 1.0]])
    return Window(ours), Window(framing.matrix @ ours)


def structure(frame: np.ndarray, view: Window, width: int, height: int) -> np.ndarray:
    """Local contrast of a part of a frame, without its light and its colour.

    Args:
        frame: uint8 (h, w, 3).
        view: the part; what lies outside the frame repeats its border.
        width: of the result, in pixels.
        height: of the result, in pixels.

    Returns:
        float32 (height, width): standard deviations from the neighbourhood's mean.
    """
    luma = frame.astype(np.float32) @ _LUMA
    places = view.places(luma.shape, width, height)
    return _contrast(luma, places, _shrinkage(places))


def signatures(frames: np.ndarray, view: Window, width: int, height: int) -> np.ndarray:
    """One vector of length 1 per frame, whose scalar products say how alike two frames are.

    Args:
        frames: uint8 (N, h, w, 3), or their `lumas`.
        view: the part of the frames to look at.
        width: of the picture of structure, in pixels.
        height: of it.

    Returns:
        float32 (N, width * height); all zero for a frame without structure.
    """
    places = view.places(frames.shape[1:3], width, height)
    blur = _shrinkage(places)
    result = np.empty((len(frames), width * height), np.float32)
    for index, frame in enumerate(frames):
        luma = frame if frames.ndim == 3 else frame.astype(np.float32) @ _LUMA
        vector = _contrast(luma, places, blur).ravel()
        vector -= vector.mean()
        result[index] = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return result


def lumas(frames: np.ndarray) -> np.ndarray:
    """The lumas of frames, uint8 (N, h, w, 3), as float32 (N, h, w)."""
    return frames.astype(np.float32) @ _LUMA


def _contrast(
    picture: np.ndarray, places: np.ndarray, blur: tuple[float, float] | None
) -> np.ndarray:
    """The structure of a luma (h, w) at places (height, width, 2) of it, blurred before."""
    if blur is not None:
        picture = cv2.GaussianBlur(picture, (0, 0), sigmaX=blur[0], sigmaY=blur[1])
    luma = cv2.remap(
        picture, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    sigma = places.shape[1] / 16
    detail = luma - cv2.GaussianBlur(luma, (0, 0), sigma)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), sigma) + _FLOOR**2)
    return np.asarray(np.clip(detail / contrast, -_LIMIT, _LIMIT))


def _shrinkage(places: np.ndarray) -> tuple[float, float] | None:
    """The blur across and down, in pixels, that averages a picture where places in it lie apart;
    none where they do not."""
    step_x = float(np.abs(np.diff(places[..., 0], axis=1)).mean())
    step_y = float(np.abs(np.diff(places[..., 1], axis=0)).mean())
    if max(step_x, step_y) <= _SHRINKS:
        return None
    return max(step_x, 1.0) / 2, max(step_y, 1.0) / 2
