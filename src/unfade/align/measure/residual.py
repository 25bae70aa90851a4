"""Residual of a warped reference against its source, measured independently of the registration."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.fft import irfft2, rfft2

_BLOCK_PX = 64
"""Width and height of a block: large enough for a distinct correlation peak, small enough to follow
a warp."""
_STEP_PX = 32
"""Distance between blocks: half a block, so that they overlap."""
_MIN_TEXTURE = 12.0
"""Standard deviation of a block, on a scale of 255, from which it has enough texture."""
_BAND_CYCLES_PER_PX = 0.11
"""Frequency, in cycles per pixel, at which the weight has fallen to 0.6. Higher frequencies are
grain and detail that a DVD lacks."""
_MIN_POWER = 1e-3
"""Power of a frequency, in squared codes, below which its phase is noise."""
_MIN_PEAK = 0.25
"""Height of a block's correlation peak, 1 for equal blocks, from which the block is matched."""
_MIN_MOVING_SHARE = 0.1
"""Share of moving pixels from which a block counts as moving."""
_EDGE_BLUR_PX, _CONTRAST_BLUR_PX, _EDGE_WINDOW_PX = 1.5, 6.0, 3.0
"""Standard deviations of blurs: before edges are measured, of the local mean and contrast, and of
the window in which the shift of an edge is measured."""
_EDGE_PERCENTILE = 95.0
"""Percentile of the gradient from which an edge is strong."""
_MIN_GRADIENT = 0.1
"""Gradient per pixel, local contrast being 1, below which there is no edge."""
_ISOTROPIC_SHARE = 0.01
"""Share of a window's squared gradients added in all directions, so that a single edge gives a
solvable system."""
_RIM_PX = 17
"""Width and height of the neighbourhood of an edge that must be covered."""


@dataclass(frozen=True)
class Blocks:
    """The textured blocks of a warped reference: centres `points` (n, 2), `shifts` (n, 2) of the
    reference's content against the source's, x and y in pixels, and `is_matched`, bool (n,)."""

    points: np.ndarray
    shifts: np.ndarray
    is_matched: np.ndarray


@dataclass(frozen=True)
class Residual:
    """The residual of a registration.

    `median` and `p95` are in pixels, over the textured blocks that are matched; `matched_share` is
    their share of all textured blocks, `block_count` the number of those. `moving` is the median
    over moving blocks, `edges` the median across strong edges; none if there are none or if it was
    not measured.
    """

    median: float
    p95: float
    matched_share: float
    block_count: int
    moving: float | None = None
    edges: float | None = None

    def scaled(self, factor: float) -> "Residual":
        """The same residual in other pixels, `factor` of which fit into one of these."""
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
        source: equalised luma, uint8 (H, W).
        warped: equalised luma of the reference on the source's raster, uint8 (H, W).
        inside: bool (H, W), where the reference covers the source.
        moving: bool (H, W), moving pixels of the reference, if known.

    Returns:
        Half a block, the largest measurable shift, if no block is matched.
    """
    blocks = block_shifts(source, warped, inside)
    count = len(blocks.is_matched)
    if not blocks.is_matched.any():
        return Residual(_BLOCK_PX / 2, _BLOCK_PX / 2, 0.0, count)
    distance = np.linalg.norm(blocks.shifts, axis=1)
    median, p95 = np.percentile(distance[blocks.is_matched], (50, 95))
    moving_median = None
    if moving is not None:
        share = cv2.boxFilter(moving.astype(np.float32), -1, (_BLOCK_PX, _BLOCK_PX))
        x, y = np.round(blocks.points).astype(np.int64).T
        is_moving = blocks.is_matched & (share[y, x] > _MIN_MOVING_SHARE)
        moving_median = float(np.median(distance[is_moving])) if is_moving.any() else None
    return Residual(
        float(median), float(p95), float(blocks.is_matched.mean()), count, moving_median
    )


def block_shifts(source: np.ndarray, warped: np.ndarray, inside: np.ndarray) -> Blocks:
    """The shifts of the textured blocks of a warped reference."""
    points, source_blocks, reference_blocks = _textured_blocks(source, warped, inside)
    if len(source_blocks) == 0:
        return Blocks(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, bool))
    shifts, peaks = _shifts(source_blocks, reference_blocks)
    return Blocks(points, shifts, peaks >= _MIN_PEAK)


def edge_residual(source: np.ndarray, warped: np.ndarray, inside: np.ndarray) -> float | None:
    """Median shift across strong edges, in pixels; none without such edges.

    Both pictures are normalised to the same local contrast. The shift of each window is the
    least-squares solution for their difference; only its component across the edge counts, because
    the one along it is undetermined.

    Source: Lucas, Kanade, "An iterative image registration technique", 1981.
    """
    source_normalised, reference_normalised = _normalised(source), _normalised(warped)
    x = cv2.Sobel(reference_normalised, cv2.CV_32F, 1, 0, scale=1 / 8)
    y = cv2.Sobel(reference_normalised, cv2.CV_32F, 0, 1, scale=1 / 8)
    gradient = np.sqrt(x * x + y * y)
    covered = cv2.erode(inside.astype(np.uint8), np.ones((_RIM_PX, _RIM_PX), np.uint8)) > 0
    if not covered.any():
        return None
    strong = covered & (
        gradient > max(float(np.percentile(gradient[covered], _EDGE_PERCENTILE)), _MIN_GRADIENT)
    )
    if not strong.any():
        return None

    def window(picture: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), _EDGE_WINDOW_PX)[strong])

    difference = reference_normalised - source_normalised
    xx, xy, yy = window(x * x), window(x * y), window(y * y)
    right, down = window(x * difference), window(y * difference)
    xx, yy = xx + _ISOTROPIC_SHARE * (xx + yy), yy + _ISOTROPIC_SHARE * (xx + yy)
    determinant = xx * yy - xy * xy
    shift_x, shift_y = (
        (yy * right - xy * down) / determinant,
        (xx * down - xy * right) / determinant,
    )
    across = (shift_x * x[strong] + shift_y * y[strong]) / gradient[strong]
    return float(np.median(np.abs(across)))


def _normalised(picture: np.ndarray) -> np.ndarray:
    """An equalised luma, blurred, with local mean 0 and local contrast 1: float32."""
    blurred = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), _EDGE_BLUR_PX)
    detail = blurred - cv2.GaussianBlur(blurred, (0, 0), _CONTRAST_BLUR_PX)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _CONTRAST_BLUR_PX))
    return np.asarray(detail / np.maximum(contrast, _MIN_TEXTURE / 2))


def _textured_blocks(
    source: np.ndarray, warped: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Textured blocks that the reference covers: centres (n, 2), and zero-mean blocks of source and
    reference, float32 (n, block, block)."""

    def cut(picture: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(picture, (_BLOCK_PX, _BLOCK_PX))
        return np.asarray(views[::_STEP_PX, ::_STEP_PX])

    grid = cut(inside)
    rows, columns = np.nonzero(grid.all(axis=(2, 3)))
    source_blocks, reference_blocks = (
        cut(picture)[rows, columns].astype(np.float32) for picture in (source, warped)
    )
    textured = (source_blocks.std(axis=(1, 2)) >= _MIN_TEXTURE) & (
        reference_blocks.std(axis=(1, 2)) >= _MIN_TEXTURE
    )
    source_blocks, reference_blocks = source_blocks[textured], reference_blocks[textured]
    corners = np.stack([columns, rows], axis=1)[textured] * float(_STEP_PX)
    return (
        corners + (_BLOCK_PX - 1) / 2,
        source_blocks - source_blocks.mean(axis=(1, 2), keepdims=True),
        reference_blocks - reference_blocks.mean(axis=(1, 2), keepdims=True),
    )


def _shifts(
    source_blocks: np.ndarray, reference_blocks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shift of each reference block, (n, 2) pixels, and height of its correlation peak, (n,)."""
    window = np.outer(np.hanning(_BLOCK_PX), np.hanning(_BLOCK_PX)).astype(np.float32)
    frequency_x = np.fft.rfftfreq(_BLOCK_PX)
    frequency_y = np.fft.fftfreq(_BLOCK_PX)[:, None]
    band = np.exp(-(frequency_x**2 + frequency_y**2) / (2 * _BAND_CYCLES_PER_PX**2)).astype(
        np.float32
    )
    cross = rfft2(reference_blocks * window) * np.conj(rfft2(source_blocks * window))
    phase = cross / np.maximum(np.abs(cross), _MIN_POWER) * band
    correlation = irfft2(phase, s=(_BLOCK_PX, _BLOCK_PX))
    full_peak = irfft2(band.astype(np.complex64), s=(_BLOCK_PX, _BLOCK_PX))[0, 0]
    flattened = correlation.reshape(len(correlation), -1)
    peak_index = flattened.argmax(axis=1)
    rows, columns = np.divmod(peak_index, _BLOCK_PX)
    block_index = np.arange(len(correlation))
    dy = _vertex(*(correlation[block_index, (rows + k) % _BLOCK_PX, columns] for k in (-1, 0, 1)))
    dx = _vertex(*(correlation[block_index, rows, (columns + k) % _BLOCK_PX] for k in (-1, 0, 1)))
    half_block = _BLOCK_PX // 2
    shift = np.stack(
        [
            (columns + half_block) % _BLOCK_PX - half_block + dx,
            (rows + half_block) % _BLOCK_PX - half_block + dy,
        ],
        axis=1,
    )
    return shift, flattened[block_index, peak_index] / full_peak


def _vertex(before: np.ndarray, peak: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Position between -0.5 and 0.5 of the peak of a Gaussian through three samples."""
    logs = [np.log(np.maximum(value, 1e-9 * peak.max())) for value in (before, peak, after)]
    curvature = logs[0] - 2 * logs[1] + logs[2]
    return np.asarray(
        np.clip(0.5 * (logs[0] - logs[2]) / np.where(curvature < 0, curvature, -1.0), -0.5, 0.5)
    )
