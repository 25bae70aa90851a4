"""How far a laid reference is off its source, measured apart from how it was laid."""

from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Residual:
    """What is left after a registration.

    `median` and `p95` are in pixels over the textured blocks that were found again; `found` is
    their share of all textured blocks, `textured` the number of those.
    """

    median: float
    p95: float
    found: float
    textured: int

    def scaled(self, factor: float) -> "Residual":
        """The same in other pixels, of which there are `factor` in one."""
        return replace(self, median=self.median * factor, p95=self.p95 * factor)


def measure_residual(source: np.ndarray, warped: np.ndarray, inside: np.ndarray) -> Residual:
    """The residual of a warped reference, by phase correlation of blocks.

    Args:
        source: structure, uint8 (H, W).
        warped: structure of the reference on the source's raster, the same.
        inside: bool (H, W), where the reference covers the source.

    Returns:
        The farthest that can be seen, half a block, where no block was found again.
    """
    shift, found = block_shifts(source, warped, inside)
    if not found.any():
        return Residual(_BLOCK / 2, _BLOCK / 2, 0.0, len(found))
    distance = np.linalg.norm(shift[found], axis=1)
    median, p95 = np.percentile(distance, (50, 95))
    return Residual(float(median), float(p95), float(found.mean()), len(found))


def block_shifts(
    source: np.ndarray, warped: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far the textured blocks of a warped reference are off: (n, 2) pixels, x and y.

    The second answer, bool (n,), says which were found again.
    """
    ours, theirs = _blocks(source, warped, inside)
    if len(ours) == 0:
        return np.empty((0, 2)), np.empty(0, bool)
    shift, height = _shifts(ours, theirs)
    return shift, height >= _COHERENCE


def _blocks(
    source: np.ndarray, warped: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The textured blocks of both that the reference covers, float32 (n, block, block)."""

    def cut(picture: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(picture, (_BLOCK, _BLOCK))
        return np.asarray(views[::_STEP, ::_STEP]).reshape(-1, _BLOCK, _BLOCK)

    covered = cut(inside).all(axis=(1, 2))
    ours, theirs = (cut(picture)[covered].astype(np.float32) for picture in (source, warped))
    textured = (ours.std(axis=(1, 2)) >= _TEXTURE) & (theirs.std(axis=(1, 2)) >= _TEXTURE)
    ours, theirs = ours[textured], theirs[textured]
    return (
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
