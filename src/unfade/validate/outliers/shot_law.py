"""Unsteady colour within a shot: what its own law of colour does not explain.

The recovered chroma of a shot is nearly a smooth function of the scan's colour. A function fitted
to block means of all of its frames explains motion and light; what remains in a frame is drift,
flicker or a flash of colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unfade.validate.outliers.evidence import FrameEvidence, plane_difference
from unfade.validate.outliers.smoothing import moving_median

FIT_ROUNDS = 3
"""Rounds of the fit, each with frames weighed by their residual in the round before."""

MIN_SHOT_FRAMES = 5
"""Frames of a shot below which its law would fit every frame."""

STEADY_RESIDUAL = 0.004
"""Residual of chroma, of range, at which a frame counts half: that of grain in block means."""

FLICKER_WINDOW_FRAMES = 5
"""Frames whose median flicker counts: it is a quality of a stretch, which the edges of a flash are
not."""


@dataclass(frozen=True)
class Unsteadiness:
    """For each frame of a shot, in CIEDE2000: `drift`, the distance of its colour from the law of
    the shot beyond the usual one; `flicker`, the change of that distance against both neighbours;
    `reference_flicker`, the same of the distance to the reference, NaN without a reference;
    `skin`, the distance of skin from its law, NaN without skin. Flicker is the median over
    `FLICKER_WINDOW_FRAMES`."""

    drift: NDArray[np.float64]
    flicker: NDArray[np.float64]
    reference_flicker: NDArray[np.float64]
    skin: NDArray[np.float64]


def unsteadiness(frames: Sequence[FrameEvidence]) -> Unsteadiness:
    """The unsteadiness of the frames of a shot, in order; zero in a very short shot."""
    count = len(frames)
    if count < MIN_SHOT_FRAMES:
        nothing = np.full(count, np.nan)
        return Unsteadiness(np.zeros(count), np.zeros(count), nothing, nothing)
    source = np.stack([one.source_blocks for one in frames])
    chroma = np.stack([one.blocks for one in frames])
    numbers = np.array([one.frame for one in frames])
    residual = _law_residual(source, chroma)
    drift = _visible(source, chroma, residual)
    offset = np.array([one.offset for one in frames])[:, :, None, None]
    offset = np.broadcast_to(offset, residual.shape)
    return Unsteadiness(
        drift=np.maximum(drift - np.median(drift), 0.0),
        flicker=_flicker(source, chroma, residual, numbers),
        reference_flicker=_flicker(source, chroma, offset, numbers),
        skin=_skin_drift(frames),
    )


def _flicker(
    source: NDArray[np.float32],
    chroma: NDArray[np.float32],
    residual: NDArray[np.float64],
    numbers: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The change (N,) of residuals (N, 2, 9, 16) against the mean of both neighbours, in
    CIEDE2000; NaN where a residual is, 0 beside a missing frame."""
    change = np.zeros_like(residual)
    change[1:-1] = residual[1:-1] - (residual[:-2] + residual[2:]) / 2
    is_isolated = np.ones(len(numbers), bool)
    is_isolated[1:-1] = (numbers[2:] - numbers[:-2]) != 2
    change[is_isolated] = 0.0
    visible = _visible(source, chroma, np.nan_to_num(change))
    visible[np.isnan(change).any(axis=(1, 2, 3))] = np.nan
    return moving_median(visible, FLICKER_WINDOW_FRAMES)


def _law_residual(source: NDArray[np.float32], chroma: NDArray[np.float32]) -> NDArray[np.float64]:
    """What a quadratic of the scan's colour leaves of chroma, (N, 2, 9, 16).

    Args:
        source: mean Y'CbCr of blocks, (N, 3, 9, 16).
        chroma: recovered Cb and Cr of the same blocks, (N, 2, 9, 16).
    """
    count, _, lines, columns = chroma.shape
    y, cb, cr = np.moveaxis(source.astype(np.float64), 1, 0)
    terms = np.stack(
        [np.ones_like(y), y, cb, cr, y * y, y * cb, y * cr, cb * cb, cb * cr, cr * cr], axis=-1
    ).reshape(count, lines * columns, -1)
    target = np.moveaxis(chroma.astype(np.float64), 1, -1).reshape(count, lines * columns, 2)
    weight = np.ones(count)
    for _ in range(FIT_ROUNDS):
        root = np.sqrt(weight)[:, None, None]
        law, *_ = np.linalg.lstsq(
            (root * terms).reshape(-1, terms.shape[-1]), (root * target).reshape(-1, 2), rcond=1e-6
        )
        residual = target - terms @ law
        shift = np.linalg.norm(residual.mean(axis=1), axis=1)
        weight = 1 / (1 + np.square(shift / STEADY_RESIDUAL))
    return np.moveaxis(residual.reshape(count, lines, columns, 2), -1, 1)


def _visible(
    source: NDArray[np.float32], chroma: NDArray[np.float32], residual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """CIEDE2000 of residuals of chroma, in the mean of each frame's blocks."""
    return np.array(
        [
            float(plane_difference(one[:1], cbcr, (cbcr - error).astype(np.float32)).mean())
            for one, cbcr, error in zip(source, chroma, residual, strict=True)
        ]
    )


def _skin_drift(frames: Sequence[FrameEvidence]) -> NDArray[np.float64]:
    """CIEDE2000 of each frame's skin from a linear law of the scan's skin; NaN without skin."""
    drift = np.full(len(frames), np.nan)
    skin = {index: one.skin for index, one in enumerate(frames) if one.skin is not None}
    if len(skin) < 2 * MIN_SHOT_FRAMES:
        return drift
    rows = np.array(list(skin.values()))
    terms = np.column_stack([np.ones(len(rows)), rows[:, :3]])
    centre = np.median(rows[:, 3:], axis=0)
    law, *_ = np.linalg.lstsq(terms, rows[:, 3:] - centre, rcond=1e-3)
    residual = rows[:, 3:] - centre - terms @ law
    for index, row, error in zip(skin, rows, residual, strict=True):
        y, cbcr = row[0].reshape(1, 1, 1), row[3:].reshape(2, 1, 1)
        other = cbcr - error.reshape(2, 1, 1)
        drift[index] = float(
            plane_difference(*(one.astype(np.float32) for one in (y, cbcr, other)))[0, 0]
        )
    return drift
