"""Signatures of frames: local contrast without colour, which survives fading and other framing."""

from dataclasses import dataclass

import cv2
import numpy as np

_LUMA_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Rec.709 weights of R', G' and B'."""
_SIGMAS_ACROSS = 16
"""Width of the view in standard deviations of the neighbourhood from which local contrast is
measured: large enough for objects, small enough to ignore vignetting."""
_CONTRAST_FLOOR = 4.0
"""Contrast, on a scale of 255, added in quadrature to that of a neighbourhood. It suppresses grain
and compression noise in flat areas."""
_MIN_SHRINK_FACTOR = 1.5
"""Pixels of the picture per pixel of the view, from which the picture is blurred before sampling to
avoid aliasing."""
_MAX_CONTRAST = 2.5
"""Limit of local contrast, in standard deviations, so that no single edge dominates."""


@dataclass(frozen=True)
class Framing:
    """Position of the source's picture in the reference's; coordinates of both run from 0 to 1.

    A source point (x, y) lies at (x * scale_x + y * shear_x + shift_x, x * shear_y + y * scale_y +
    shift_y) in the reference. `scale_x` is negative if the reference is mirrored.
    """

    scale_x: float = 1.0
    scale_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    shear_x: float = 0.0
    shear_y: float = 0.0

    @property
    def matrix(self) -> np.ndarray:
        """(3, 3): maps homogeneous points of the source to points of the reference."""
        return np.array(
            [
                [self.scale_x, self.shear_x, self.shift_x],
                [self.shear_y, self.scale_y, self.shift_y],
                [0.0, 0.0, 1.0],
            ]
        )

    @classmethod
    def of(cls, matrix: np.ndarray) -> "Framing":
        """The framing of an affine matrix (2 or 3, 3)."""
        (a, b, c), (d, e, f) = ([float(value) for value in row] for row in matrix[:2])
        return cls(a, e, c, f, b, d)


@dataclass(frozen=True)
class Window:
    """A part of a picture, the view.

    `matrix` (3, 3) maps points of the view to points of the picture; coordinates of both run from 0
    to 1. `displacement` (rows, columns, 2) is added to points of the view before, right and down in
    units of the view; none without a smooth warp.
    """

    matrix: np.ndarray
    displacement: np.ndarray | None = None

    def sample_positions(self, size: tuple[int, int], width: int, height: int) -> np.ndarray:
        """The position in a picture of each pixel of the view, (height, width, 2) float32 of x and
        y.

        Args:
            size: height and width of the picture, in pixels.
            width: width of the view, in pixels.
            height: height of the view, in pixels.
        """
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        points = np.stack([(x + 0.5) / width, (y + 0.5) / height, np.ones_like(x)], axis=-1)
        if self.displacement is not None:
            points[..., :2] += cv2.resize(
                self.displacement, (width, height), interpolation=cv2.INTER_CUBIC
            )
        position = points @ self.matrix.T[:, :2] * np.array([size[1], size[0]]) - 0.5
        return np.asarray(position, np.float32)


@dataclass(frozen=True)
class Sampling:
    """How a view of pictures of one size is sampled: positions `x` and `y`, float32 (height, width)
    in pixels of the picture, and standard deviations `sigmas` across and down, in pixels, of the
    blur that avoids aliasing; none if the picture is not shrunk enough to need it."""

    x: np.ndarray
    y: np.ndarray
    sigmas: tuple[float, float] | None

    @classmethod
    def of(cls, view: Window, size: tuple[int, int], width: int, height: int) -> "Sampling":
        """The sampling of a view, `width` x `height` pixels, of pictures of a size: height and
        width."""
        positions = view.sample_positions(size, width, height)
        x, y = (np.ascontiguousarray(positions[..., k]) for k in (0, 1))
        return cls(x, y, _antialias_sigmas(positions))


WHOLE_FRAME = Window(np.eye(3))
"""The view of a whole picture."""


def shared_views(framing: Framing) -> tuple[Window, Window]:
    """The views of source and reference that show the same part of the scene: the part that both
    contain."""
    corners = np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]], np.float64)
    x, y, _ = np.linalg.inv(framing.matrix) @ corners
    (_, left, right, _), (_, top, bottom, _) = np.sort(x), np.sort(y)
    left, top, right, bottom = max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
    source_matrix = np.array([[right - left, 0.0, left], [0.0, bottom - top, top], [0.0, 0.0, 1.0]])
    return Window(source_matrix), Window(framing.matrix @ source_matrix)


def local_contrast(frame: np.ndarray, view: Window, width: int, height: int) -> np.ndarray:
    """Local contrast of a part of a frame, independent of its brightness.

    Args:
        frame: luma, float32 (h, w).
        view: the part; outside the frame its border is repeated.
        width: width of the result, in pixels.
        height: height of the result, in pixels.

    Returns:
        float32 (height, width): differences from the neighbourhood's mean, in standard deviations.
    """
    return _contrast(frame, Sampling.of(view, frame.shape, width, height))


def signatures(frames: np.ndarray, view: Window, width: int, height: int) -> np.ndarray:
    """One unit vector per frame; the dot product of two is the similarity of their frames.

    Args:
        frames: uint8 (N, h, w, 3), or their `lumas`.
        view: the part of the frames to compare.
        width: width of the local contrast, in pixels.
        height: height of the local contrast, in pixels.

    Returns:
        float32 (N, width * height); all zero for a frame without contrast.
    """
    return sampled_signatures(frames, Sampling.of(view, frames.shape[1:3], width, height))


def sampled_signatures(frames: np.ndarray, sampling: Sampling) -> np.ndarray:
    """The `signatures` of frames by a sampling that is made once for many."""
    result = np.empty((len(frames), sampling.x.size), np.float32)
    for index, frame in enumerate(frames):
        luma = frame if frames.ndim == 3 else frame.astype(np.float32) @ _LUMA_WEIGHTS
        vector = _contrast(luma, sampling).ravel()
        vector -= vector.mean()
        result[index] = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return result


def lumas(frames: np.ndarray) -> np.ndarray:
    """Lumas of frames, uint8 (N, h, w, 3), as float32 (N, h, w)."""
    return frames.astype(np.float32) @ _LUMA_WEIGHTS


def _contrast(picture: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Local contrast of a luma (h, w), blurred and sampled: (height, width)."""
    if sampling.sigmas is not None:
        across, down = sampling.sigmas
        picture = cv2.GaussianBlur(picture, (0, 0), sigmaX=across, sigmaY=down)
    luma = cv2.remap(
        picture, sampling.x, sampling.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    sigma = luma.shape[1] / _SIGMAS_ACROSS
    detail = luma - cv2.GaussianBlur(luma, (0, 0), sigma)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), sigma) + _CONTRAST_FLOOR**2)
    return np.asarray(np.clip(detail / contrast, -_MAX_CONTRAST, _MAX_CONTRAST))


def _antialias_sigmas(positions: np.ndarray) -> tuple[float, float] | None:
    """Standard deviations across and down, in pixels, of the blur that avoids aliasing at these
    positions; none if the picture is not shrunk enough to need it."""
    step_x = float(np.abs(np.diff(positions[..., 0], axis=1)).mean())
    step_y = float(np.abs(np.diff(positions[..., 1], axis=0)).mean())
    if max(step_x, step_y) <= _MIN_SHRINK_FACTOR:
        return None
    return max(step_x, 1.0) / 2, max(step_y, 1.0) / 2
