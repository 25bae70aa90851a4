"""Residual of a warped reference against its source, measured independently of the registration."""

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from scipy.fft import irfft2, rfft2

_BLOCK_PX = 64
"""Width and height of a block: large enough for a distinct correlation peak, small enough to follow
a warp."""
_STEP_PX = 32
"""Distance between blocks: half a block, so that they overlap."""
_BATCH_BLOCKS = 32
"""Number of blocks correlated at a time: their spectra stay in a core's cache."""
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


class SourceBlocks:
    """The textured blocks of a source, ready for correlation with references.

    `rows` and `columns` (n,) are the positions of the blocks in units of their distance.
    """

    def __init__(self, source: np.ndarray) -> None:
        """`source` is an equalised luma, uint8 (H, W)."""
        grid = _blocks(source)
        rows, columns = (index.ravel() for index in np.indices(grid.shape[:2]))
        kept, spectra = [], []
        for batch in _batches(len(rows)):
            blocks, textured = _textured(grid[rows[batch], columns[batch]])
            kept.append(textured)
            spectra.append(np.conj(rfft2(blocks * _window())))
        textured = np.concatenate(kept)
        self.rows, self.columns = rows[textured], columns[textured]
        self._conjugate_spectra = np.concatenate(spectra)

    def shifts(self, warped: np.ndarray, inside: np.ndarray) -> Blocks:
        """The shifts of the blocks that a warped reference covers, if it has texture there, too.

        Args:
            warped: equalised luma of the reference on the source's raster, uint8 (H, W).
            inside: bool (H, W), where the reference covers the source.
        """
        covered = np.flatnonzero(_covered_blocks(inside)[self.rows, self.columns])
        grid = _blocks(warped)
        corners, peaks = [], []
        for batch in _batches(len(covered)):
            index = covered[batch]
            blocks, textured = _textured(grid[self.rows[index], self.columns[index]])
            index = index[textured]
            corners.append(np.stack([self.columns[index], self.rows[index]], axis=1))
            cross = rfft2(blocks * _window()) * self._conjugate_spectra[index]
            peaks.append(_peaks(cross))
        if not sum(map(len, corners)):
            return Blocks(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, bool))
        shifts, heights = _shifts(np.concatenate(peaks))
        points = np.concatenate(corners) * float(_STEP_PX) + (_BLOCK_PX - 1) / 2
        return Blocks(points, shifts, heights >= _MIN_PEAK)


def residual_of_blocks(blocks: Blocks, moving: np.ndarray | None = None) -> Residual:
    """The residual that the shifts of blocks show.

    Args:
        blocks: of a warped reference.
        moving: bool (H, W), moving pixels of the reference, if known.

    Returns:
        Half a block, the largest measurable shift, if no block is matched.
    """
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


def measure_residual(
    source: np.ndarray, warped: np.ndarray, inside: np.ndarray, moving: np.ndarray | None = None
) -> Residual:
    """The residual of a warped reference, by phase correlation of blocks.

    Args:
        source: equalised luma, uint8 (H, W).
        warped: equalised luma of the reference on the source's raster, uint8 (H, W).
        inside: bool (H, W), where the reference covers the source.
        moving: bool (H, W), moving pixels of the reference, if known.
    """
    return residual_of_blocks(SourceBlocks(source).shifts(warped, inside), moving)


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


def _blocks(picture: np.ndarray) -> np.ndarray:
    """A view of the blocks of a picture (H, W): (rows, columns, block, block); no rows and columns
    if it is smaller than a block."""
    if min(picture.shape) < _BLOCK_PX:
        return np.empty((0, 0, _BLOCK_PX, _BLOCK_PX), picture.dtype)
    views = np.lib.stride_tricks.sliding_window_view(picture, (_BLOCK_PX, _BLOCK_PX))
    return np.asarray(views[::_STEP_PX, ::_STEP_PX])


def _covered_blocks(inside: np.ndarray) -> np.ndarray:
    """Bool (rows, columns): blocks of which all pixels are inside, bool (H, W)."""
    rows, columns = (side // _STEP_PX for side in inside.shape)
    cells = inside[: rows * _STEP_PX, : columns * _STEP_PX]
    full = np.asarray(cells.reshape(rows, _STEP_PX, columns, _STEP_PX).all(axis=(1, 3)))
    return np.asarray(full[1:, 1:] & full[1:, :-1] & full[:-1, 1:] & full[:-1, :-1])


def _batches(count: int) -> list[slice]:
    """Slices that cover `count` blocks; one empty slice if there are none."""
    starts = range(0, max(count, 1), _BATCH_BLOCKS)
    return [slice(start, start + _BATCH_BLOCKS) for start in starts]


def _textured(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blocks with enough texture, less their means, float32 (n, block, block), and which of
    `codes`, uint8 (m, block, block), they are: bool (m,)."""
    blocks = codes.astype(np.float32)
    blocks -= blocks.mean(axis=(1, 2), keepdims=True)
    textured = np.sqrt((blocks * blocks).mean(axis=(1, 2))) >= _MIN_TEXTURE
    return blocks[textured], textured


@cache
def _window() -> np.ndarray:
    """Weight of the pixels of a block."""
    return np.outer(np.hanning(_BLOCK_PX), np.hanning(_BLOCK_PX)).astype(np.float32)


@cache
def _band() -> np.ndarray:
    """Weight of the frequencies of a block."""
    frequency_x = np.fft.rfftfreq(_BLOCK_PX)
    frequency_y = np.fft.fftfreq(_BLOCK_PX)[:, None]
    return np.exp(-(frequency_x**2 + frequency_y**2) / (2 * _BAND_CYCLES_PER_PX**2)).astype(
        np.float32
    )


def _peaks(cross: np.ndarray) -> np.ndarray:
    """The peak of the phase correlation of each block, by its cross spectrum (n, block, half):
    (n, 7) of row and column, correlation there, one row before and after, one column before and
    after."""
    phase = cross / np.maximum(np.abs(cross), _MIN_POWER) * _band()
    correlation = irfft2(phase, s=(_BLOCK_PX, _BLOCK_PX))
    index = np.arange(len(correlation))
    rows, columns = np.divmod(
        correlation.reshape(len(index), _BLOCK_PX**2).argmax(axis=1), _BLOCK_PX
    )
    samples = [
        correlation[index, (rows + down) % _BLOCK_PX, (columns + right) % _BLOCK_PX]
        for down, right in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
    ]
    return np.stack([rows, columns, *samples], axis=1)


def _shifts(peaks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shift of each reference block, (n, 2) pixels, and height of its correlation peak, (n,)."""
    full_peak = irfft2(_band().astype(np.complex64), s=(_BLOCK_PX, _BLOCK_PX))[0, 0]
    rows, columns = peaks[:, :2].astype(np.int64).T
    height, above, below, left, right = peaks[:, 2:].astype(np.float32).T
    half_block = _BLOCK_PX // 2
    shift = np.stack(
        [
            (columns + half_block) % _BLOCK_PX - half_block + _vertex(left, height, right),
            (rows + half_block) % _BLOCK_PX - half_block + _vertex(above, height, below),
        ],
        axis=1,
    )
    return shift, height / full_peak


def _vertex(before: np.ndarray, peak: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Position between -0.5 and 0.5 of the peak of a Gaussian through three samples."""
    logs = [np.log(np.maximum(value, 1e-9 * peak.max())) for value in (before, peak, after)]
    curvature = logs[0] - 2 * logs[1] + logs[2]
    return np.asarray(
        np.clip(0.5 * (logs[0] - logs[2]) / np.where(curvature < 0, curvature, -1.0), -0.5, 0.5)
    )
