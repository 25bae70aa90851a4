"""How far a laid reference is off its source, measured apart from how it was laid."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.fft import irfft2, rfft2

_BLOCK = 64
"""Pixels across and down of a block."""
_STEP = 32
_TEXTURE = 12.0
"""Standard deviation, of 255, that a block of structure has at least to be measured."""
_BAND = 0.11
"""Cycles a pixel at which frequencies weigh 0.6: above lie grain and what the DVD lost."""
_SILENCE = 1e-3
"""Power of a frequency, in squared codes, below which its phase says nothing."""
_COHERENCE = 0.25
"""Height of a block's peak, 1 for equal blocks, below which it was not found."""
_MOVING_SHARE = 0.1
"""Share of a block's pixels that move, from which it counts as moving."""
_SOFT, _LOCAL, _EDGE_WINDOW = 1.5, 6.0, 3.0
"""Pixels of blur: of edges, of what is local to them, of the window that tells their shift."""
_STRONG = 95.0
"""Percentile of the gradient from which an edge is strong."""
_LEAST_EDGE = 0.1
"""Gradient a pixel, local contrast being 1, below which there is no edge at all."""
_ALONG = 0.01
"""Share of a window's gradients that is put in every direction, so that one edge is enough."""
_RIM = 17
"""Pixels a side of what has to lie inside around an edge."""


@dataclass(frozen=True)
class Blocks:
    """The textured blocks of a laid reference, and how far they are off.

    `points` (n, 2) are their middles and `shifts` (n, 2) how far what they show lies from where
    the source shows it, x and y in pixels; `found`, bool (n,), says which were found again.
    """

    points: np.ndarray
    shifts: np.ndarray
    found: np.ndarray


@dataclass(frozen=True)
class Residual:
    """What is left after a registration.

    `median` and `p95` are in pixels over the textured blocks that were found again; `found` is
    their share of all textured blocks, `textured` the number of those. `moving` is the median over
    blocks in which something moves, `edges` that across strong edges; none where there are none, or
    where it was not asked for.
    """

    median: float
    p95: float
    found: float
    textured: int
    moving: float | None = None
    edges: float | None = None

    def scaled(self, factor: float) -> "Residual":
        """The same in other pixels, of which there are `factor` in one."""
        return replace(
            self,
            median=self.median * factor,
            p95=self.p95 * factor,
            moving=None if self.moving is None else self.moving * factor,
            edges=None if self.edges is None else self.edges * factor,
        )


def measure_residual(
    source: np.ndarray, warped: np.ndarray, inside: np.ndarray, moving: np.ndarray | None = None
) -> Residual:
    """The residual of a warped reference, by phase correlation of blocks.

    Args:
        source: structure, uint8 (H, W).
        warped: structure of the reference on the source's raster, the same.
        inside: bool (H, W), where the reference covers the source.
        moving: bool (H, W), where something moves in the reference, if that is known.

    Returns:
        The farthest that can be seen, half a block, where no block was found again.
    """
    blocks = block_shifts(source, warped, inside)
    count = len(blocks.found)
    if not blocks.found.any():
        return Residual(_BLOCK / 2, _BLOCK / 2, 0.0, count)
    distance = np.linalg.norm(blocks.shifts, axis=1)
    median, p95 = np.percentile(distance[blocks.found], (50, 95))
    among = None
    if moving is not None:
        share = cv2.boxFilter(moving.astype(np.float32), -1, (_BLOCK, _BLOCK))
        x, y = np.round(blocks.points).astype(np.int64).T
        moves = blocks.found & (share[y, x] > _MOVING_SHARE)
        among = float(np.median(distance[moves])) if moves.any() else None
    return Residual(float(median), float(p95), float(blocks.found.mean()), count, among)


def block_shifts(source: np.ndarray, warped: np.ndarray, inside: np.ndarray) -> Blocks:
    """How far the textured blocks of a warped reference are off."""
    points, ours, theirs = _blocks(source, warped, inside)
    if len(ours) == 0:
        return Blocks(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, bool))
    shifts, height = _shifts(ours, theirs)
    return Blocks(points, shifts, height >= _COHERENCE)


def edge_residual(source: np.ndarray, warped: np.ndarray, inside: np.ndarray) -> float | None:
    """The median shift across strong edges, in pixels; none where there are none.

    Both pictures are put to one local contrast; the shift of each window is what explains their
    difference best, and of it what is across the edge counts: along it nothing can be told.

    Source: Lucas, Kanade, "An iterative image registration technique", 1981.
    """
    ours, theirs = _even(source), _even(warped)
    x = cv2.Sobel(theirs, cv2.CV_32F, 1, 0, scale=1 / 8)
    y = cv2.Sobel(theirs, cv2.CV_32F, 0, 1, scale=1 / 8)
    steep = np.sqrt(x * x + y * y)
    core = cv2.erode(inside.astype(np.uint8), np.ones((_RIM, _RIM), np.uint8)) > 0
    if not core.any():
        return None
    strong = core & (steep > max(float(np.percentile(steep[core], _STRONG)), _LEAST_EDGE))
    if not strong.any():
        return None

    def window(picture: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), _EDGE_WINDOW)[strong])

    difference = theirs - ours
    xx, xy, yy = window(x * x), window(x * y), window(y * y)
    right, down = window(x * difference), window(y * difference)
    xx, yy = xx + _ALONG * (xx + yy), yy + _ALONG * (xx + yy)
    area = xx * yy - xy * xy
    shift_x, shift_y = (yy * right - xy * down) / area, (xx * down - xy * right) / area
    across = (shift_x * x[strong] + shift_y * y[strong]) / steep[strong]
    return float(np.median(np.abs(across)))


def _even(picture: np.ndarray) -> np.ndarray:
    """A picture of structure, softened, its local mean 0 and its local contrast 1: float32."""
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), _SOFT)
    detail = soft - cv2.GaussianBlur(soft, (0, 0), _LOCAL)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _LOCAL))
    return np.asarray(detail / np.maximum(contrast, _TEXTURE / 2))


def _blocks(
    source: np.ndarray, warped: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The textured blocks of both that the reference covers: middles, float32 (n, block, block)."""

    def cut(picture: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(picture, (_BLOCK, _BLOCK))
        return np.asarray(views[::_STEP, ::_STEP])

    grid = cut(inside)
    rows, columns = np.nonzero(grid.all(axis=(2, 3)))
    ours, theirs = (cut(picture)[rows, columns].astype(np.float32) for picture in (source, warped))
    textured = (ours.std(axis=(1, 2)) >= _TEXTURE) & (theirs.std(axis=(1, 2)) >= _TEXTURE)
    ours, theirs = ours[textured], theirs[textured]
    corners = np.stack([columns, rows], axis=1)[textured] * float(_STEP)
    return (
        corners + (_BLOCK - 1) / 2,
        ours - ours.mean(axis=(1, 2), keepdims=True),
        theirs - theirs.mean(axis=(1, 2), keepdims=True),
    )


def _shifts(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each block of `theirs` is off, (n, 2) pixels, and how high its peak is, (n,)."""
    window = np.outer(np.hanning(_BLOCK), np.hanning(_BLOCK)).astype(np.float32)
    frequency_x = np.fft.rfftfreq(_BLOCK)
    frequency_y = np.fft.fftfreq(_BLOCK)[:, None]
    band = np.exp(-(frequency_x**2 + frequency_y**2) / (2 * _BAND**2)).astype(np.float32)
    cross = rfft2(theirs * window) * np.conj(rfft2(ours * window))
    phase = cross / np.maximum(np.abs(cross), _SILENCE) * band
    surface = irfft2(phase, s=(_BLOCK, _BLOCK))
    highest = irfft2(band.astype(np.complex64), s=(_BLOCK, _BLOCK))[0, 0]
    flat = surface.reshape(len(surface), -1)
    top = flat.argmax(axis=1)
    rows, columns = np.divmod(top, _BLOCK)
    count = np.arange(len(surface))
    dy = _vertex(*(surface[count, (rows + k) % _BLOCK, columns] for k in (-1, 0, 1)))
    dx = _vertex(*(surface[count, rows, (columns + k) % _BLOCK] for k in (-1, 0, 1)))
    half = _BLOCK // 2
    shift = np.stack(
        [(columns + half) % _BLOCK - half + dx, (rows + half) % _BLOCK - half + dy], axis=1
    )
    return shift, flat[count, top] / highest


def _vertex(before: np.ndarray, peak: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where between -0.5 and 0.5 a Gaussian through three samples has its peak."""
    logs = [np.log(np.maximum(value, 1e-9 * peak.max())) for value in (before, peak, after)]
    bend = logs[0] - 2 * logs[1] + logs[2]
    return np.asarray(
        np.clip(0.5 * (logs[0] - logs[2]) / np.where(bend < 0, bend, -1.0), -0.5, 0.5)
    )
