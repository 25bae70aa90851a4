"""Detection of gradual transitions: dissolves, and fades to and from black or white.

During a transition the picture is a mixture of the pictures before and after, whose shares change
steadily. A picture with motion within a shot is no such mixture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_LENGTHS_FRAMES = (8, 16, 32, 64)
"""Distances between the compared frames before and after: from a fade of a third of a second to a
dissolve of two and a half seconds."""
_MIN_CHANGE = 15.0
"""RMS difference of before and after, on a scale of 255, of a transition. Smaller ones are grain
and slow motion."""
_MAX_FADE_RESIDUAL = 0.3
"""RMS residual of the mixture, as a share of the change, of a fade to or from an empty picture.
Fades of a trailer had 0.06 to 0.24."""
_MAX_MOTION_RATIO = 0.8
"""Residual of a dissolve, as a share of the smallest residual that motion would leave. Dissolves of
a trailer had 0.3."""
_MAX_CORRELATION = 0.5
"""Correlation of before and after above which both show one picture in different light."""
_EMPTY_CONTRAST_RATIO = 0.25
"""Contrast of one picture, as a share of the other's, below which it counts as black or white."""
_MAX_EMPTY_CONTRAST = 10.0
"""Standard deviation, on a scale of 255, of a picture that is black or white alone: that of fog or
night is higher."""
_MIDDLE_SHARES = (0.3, 0.7)
"""Range of the share of the picture before in which a frame counts as the middle."""
_MAX_GAP_FRAMES = 16
"""Distance between detected middle frames up to which they belong to one transition."""
_BLOCK_FRAMES = 512
"""Number of frames processed at a time, which bounds memory."""


@dataclass(frozen=True)
class Dissolve:
    """A fade or dissolve: the indices of its middle frame, and of the first and last frame detected
    as a mixture; and whether all of it is a fade to or from black or white."""

    middle: int
    first: int
    last: int
    is_fade: bool


@dataclass(frozen=True)
class _Mixtures:
    """How well each frame of a run fits a mixture of the frames before and after it.

    `residual` (n,) is the RMS residual of the mixture as a share of the change; `off_middle` (n,)
    the difference of the share from a half; `is_transition` (n,) whether the criteria hold, and
    `is_fade` (n,) whether one of the two is black or white.
    """

    residual: np.ndarray
    off_middle: np.ndarray
    is_transition: np.ndarray
    is_fade: np.ndarray


def find_dissolves(
    count: int, cuts: Sequence[int], lumas: Callable[[int, int], np.ndarray]
) -> list[Dissolve]:
    """Fades and dissolves of a film, in order.

    Args:
        count: number of frames.
        cuts: the frames after hard cuts.
        lumas: returns the frames from one up to and excluding another as small pictures of balanced
            luma, float32 (n, pixels), 0 to 255.
    """
    cost = np.full(count, np.inf)
    half_widths = np.zeros(count, np.int64)
    is_mixture = np.zeros(count, bool)
    reach = max(_LENGTHS_FRAMES) // 2
    for start in range(0, count, _BLOCK_FRAMES):
        low, high = max(0, start - reach), min(count, start + _BLOCK_FRAMES + reach)
        pictures = lumas(low, high)
        for length in _LENGTHS_FRAMES:
            if len(pictures) <= length:
                break
            mixtures = _mixtures(pictures, length)
            middles = np.arange(len(mixtures.residual)) + low + length // 2
            detected = mixtures.is_transition & ~_near_cut(middles, cuts, length // 2)
            middles_found = middles[detected]
            is_mixture[middles_found] |= ~mixtures.is_fade[detected]
            cost[middles_found] = np.minimum(
                cost[middles_found], (mixtures.residual + mixtures.off_middle)[detected]
            )
            half_widths[middles_found] = np.where(
                half_widths[middles_found] > 0, half_widths[middles_found], length // 4
            )
    transition_frames = np.flatnonzero(np.isfinite(cost))
    groups = np.split(
        transition_frames, np.flatnonzero(np.diff(transition_frames) > _MAX_GAP_FRAMES) + 1
    )
    return [
        Dissolve(
            int(group[cost[group].argmin()]),
            int((group - half_widths[group]).min()),
            int((group + half_widths[group]).max()),
            not is_mixture[group].any(),
        )
        for group in groups
        if len(group)
    ]


def _mixtures(pictures: np.ndarray, length: int) -> _Mixtures:
    """Fits mixtures to the frames with others half a length before and after them."""
    quarter, last = length // 4, len(pictures) - length
    before, after = pictures[:last], pictures[length:]
    change = before - after
    power = np.maximum((change**2).mean(axis=1), 1e-6)
    shares, residuals = [], []
    for k in (quarter, 2 * quarter, 3 * quarter):
        remainder = pictures[k : k + last] - after
        share = (remainder * change).mean(axis=1) / power
        residuals.append(((remainder - share[:, None] * change) ** 2).mean(axis=1) / power)
        shares.append(share)
    residual = np.sqrt(np.max(residuals, axis=0))
    flat_before, flat_after = (one - one.mean(axis=1, keepdims=True) for one in (before, after))
    contrasts = np.stack([flat_before.std(axis=1), flat_after.std(axis=1)])
    correlation = (flat_before * flat_after).mean(axis=1) / np.maximum(contrasts.prod(axis=0), 1e-6)
    empty = contrasts.min(axis=0) < _EMPTY_CONTRAST_RATIO * contrasts.max(axis=0)
    first, middle, end = shares
    is_mixture = (correlation < _MAX_CORRELATION) & (
        residual < _MAX_MOTION_RATIO * _motion_residual(correlation)
    )
    is_transition = (power > _MIN_CHANGE**2) & (
        is_mixture | (empty & (residual < _MAX_FADE_RESIDUAL))
    )
    is_transition &= (
        (first > middle)
        & (middle > end)
        & (middle > _MIDDLE_SHARES[0])
        & (middle < _MIDDLE_SHARES[1])
    )
    is_fade = empty & (contrasts.min(axis=0) < _MAX_EMPTY_CONTRAST)
    return _Mixtures(residual, np.abs(middle - 0.5), is_transition, is_fade)


def _motion_residual(correlation: np.ndarray) -> np.ndarray:
    """Smallest residual that a mixture leaves of a moving pattern, by the correlation of before and
    after.

    For a sinusoid that moves by the phase p, before and after differ by 2 sin(p / 2), and the
    mixture, which has less contrast, leaves 1 - cos(p / 2). Every other pattern leaves more.
    """
    return np.asarray(np.tan(np.arccos(correlation.clip(-1, 1)) / 4) / 2)


def _near_cut(middles: np.ndarray, cuts: Sequence[int], reach: int) -> np.ndarray:
    """Bool: whether a hard cut lies within `reach` of each frame."""
    ordered = np.sort(np.asarray(cuts, np.int64))
    inside = np.searchsorted(ordered, middles + reach, "right") - np.searchsorted(
        ordered, middles - reach, "right"
    )
    return np.asarray(inside > 0)
