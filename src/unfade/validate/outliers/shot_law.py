"""Unsteady colour within a shot: what its own law of colour does not explain.

The recovered chroma of a shot is nearly a smooth function of the scan's colour. A function fitted
to block means of all of its frames explains motion and light; what remains in a frame is drift,
flicker or a flash of colour.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unfade.validate.outliers.evidence import Plane, Values, plane_difference
from unfade.validate.outliers.shot_evidence import BlockChunk, ShotEvidence
from unfade.validate.outliers.smoothing import moving_median

TERMS = 10
"""Terms of a quadratic of three values."""

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

    drift: Values
    flicker: Values
    reference_flicker: Values
    skin: Values


def unsteadiness(shot: ShotEvidence) -> Unsteadiness:
    """The unsteadiness of the frames of a shot; zero in a very short shot.

    Block means are read once for each round of the fit, and once for the distances.
    """
    count, figures = len(shot), shot.figures
    if count < MIN_SHOT_FRAMES:
        nothing = np.full(count, np.nan)
        return Unsteadiness(np.zeros(count), np.zeros(count), nothing, nothing)
    law = _law(shot)
    distances = [_distances(chunk, law, figures[chunk.frames]) for chunk in shot.chunks()]
    drift, flicker, reference_flicker = np.concatenate(distances, axis=1)
    return Unsteadiness(
        drift=np.maximum(drift - np.median(drift), 0.0),
        flicker=moving_median(flicker, FLICKER_WINDOW_FRAMES),
        reference_flicker=moving_median(reference_flicker, FLICKER_WINDOW_FRAMES),
        skin=_skin_drift(figures["skin"]),
    )


def _law(shot: ShotEvidence) -> Values:
    """The coefficients (10, 2) of a quadratic of the scan's colour that gives chroma, by least
    squares over all blocks of the shot."""
    law = None
    for _ in range(FIT_ROUNDS):
        law = _fit(shot, law)
    assert law is not None
    return law


def _fit(shot: ShotEvidence, before: Values | None) -> Values:
    """A round of the fit, with frames weighed by their residuals from the law `before`.

    Rows of the weighed equations are reduced to a triangle, chunk by chunk. It has the singular
    values of all rows; those of summed normal equations would be squared and lost to rounding.

    Source: Golub, Van Loan, "Matrix Computations", 2013, 5.3 and 6.5.
    """
    triangle = np.zeros((0, TERMS + 2))
    for chunk in shot.chunks():
        terms, chroma = _equations(chunk.source[chunk.own], chunk.chroma[chunk.own])
        rows = np.concatenate([terms, chroma], axis=-1)
        if before is not None:
            shift = np.linalg.norm((chroma - terms @ before).mean(axis=1), axis=1)
            rows /= np.sqrt(1 + np.square(shift / STEADY_RESIDUAL))[:, None, None]
        rows = np.concatenate([triangle, rows.reshape(-1, TERMS + 2)])
        triangle = np.asarray(np.linalg.qr(rows, mode="r"))
    law, *_ = np.linalg.lstsq(triangle[:, :TERMS], triangle[:, TERMS:], rcond=1e-6)
    return np.asarray(law)


def _equations(source: Plane, chroma: Plane) -> tuple[Values, Values]:
    """Terms of the quadratic (N, 144, 10) and the chroma (N, 144, 2) that they are to give.

    Args:
        source: mean Y'CbCr of blocks, (N, 3, 9, 16).
        chroma: recovered Cb and Cr of the same blocks, (N, 2, 9, 16).
    """
    y, cb, cr = np.moveaxis(source.astype(np.float64), 1, 0)
    terms = np.stack(
        [np.ones_like(y), y, cb, cr, y * y, y * cb, y * cr, cb * cb, cb * cr, cr * cr], axis=-1
    )
    target = np.moveaxis(chroma.astype(np.float64), 1, -1)
    return terms.reshape(len(terms), -1, TERMS), target.reshape(len(target), -1, 2)


def _distances(chunk: BlockChunk, law: Values, figures: NDArray[np.void]) -> Values:
    """Of the chunk's own frames (3, N), in CIEDE2000: the distance from the law, its change against
    both neighbours, and the same change of the distance from the reference.

    Args:
        chunk: the frames.
        law: of the shot.
        figures: of all frames of the chunk.
    """
    terms, chroma = _equations(chunk.source, chunk.chroma)
    residual = np.moveaxis(chroma - terms @ law, -1, 1).reshape(chunk.chroma.shape)
    offset = np.broadcast_to(figures["offset"][:, :, None, None], residual.shape)
    distances = [
        _visible(chunk, residual),
        _flicker(chunk, residual, figures["frame"]),
        _flicker(chunk, offset, figures["frame"]),
    ]
    return np.stack(distances)[:, chunk.own]


def _flicker(chunk: BlockChunk, residual: Values, numbers: NDArray[np.int64]) -> Values:
    """The change (N,) of residuals (N, 2, 9, 16) against the mean of both neighbours, in
    CIEDE2000; NaN where a residual is, 0 beside a missing frame."""
    change = np.zeros_like(residual)
    change[1:-1] = residual[1:-1] - (residual[:-2] + residual[2:]) / 2
    is_isolated = np.ones(len(numbers), bool)
    is_isolated[1:-1] = (numbers[2:] - numbers[:-2]) != 2
    change[is_isolated] = 0.0
    visible = _visible(chunk, np.nan_to_num(change))
    visible[np.isnan(change).any(axis=(1, 2, 3))] = np.nan
    return visible


def _visible(chunk: BlockChunk, residual: Values) -> Values:
    """CIEDE2000 (N,) of residuals of chroma (N, 2, 9, 16), in the mean of each frame's blocks."""
    chroma = chunk.chroma
    y, cbcr, other = (
        np.moveaxis(planes, 1, 0).reshape(planes.shape[1], len(planes), -1)
        for planes in (chunk.source[:, :1], chroma, chroma - residual)
    )
    return np.asarray(plane_difference(y, cbcr, other).mean(axis=1), np.float64)


def _skin_drift(skin: Values) -> Values:
    """CIEDE2000 (N,) of each frame's skin (N, 5) from a linear law of the scan's skin; NaN without
    skin."""
    drift = np.full(len(skin), np.nan)
    has_skin = np.isfinite(skin[:, 0])
    rows = skin[has_skin]
    if len(rows) < 2 * MIN_SHOT_FRAMES:
        return drift
    terms = np.column_stack([np.ones(len(rows)), rows[:, :3]])
    centre = np.median(rows[:, 3:], axis=0)
    law, *_ = np.linalg.lstsq(terms, rows[:, 3:] - centre, rcond=1e-3)
    residual = rows[:, 3:] - centre - terms @ law
    y, cbcr, other = (
        part.T[:, None] for part in (rows[:, :1], rows[:, 3:], rows[:, 3:] - residual)
    )
    drift[has_skin] = plane_difference(y, cbcr, other)[0]
    return drift
