"""Timing of a match: whether it shows the same instant, judged by its moving regions.

The difference between a source frame and its match is modelled as a small lag times the source's
own motion, plus weave times the reference's gradients, plus noise. Where weave could explain the
motion, as in a pan, the neighbouring frames decide, because weave changes from frame to frame and a
wrong instant remains.
"""

from dataclasses import dataclass

import numpy as np

from unfade.curate.matching.reference_index import FINE_SIZE_PX

MAX_LAG_FRAMES = 0.35
"""Lag between reference and source above which a match is uncertain. The next frame would fit
better from 0.5."""
MAX_LAG_ERROR_FRAMES = 0.12
"""Standard deviation of the lag above which the timing cannot be confirmed: about a third of
`MAX_LAG_FRAMES`."""
WEAVE_PX = 0.12
"""Standard deviation of the weave between source and reference, in pixels of a signature: about a
thousandth of the picture's width."""

_WINDOW_FRAMES = 4
"""Number of frames on either side whose lags are averaged. A longer window averages out more weave
but mixes different motion."""
_CORRELATED_PX = 10.0
"""Number of pixels of a signature whose noise is correlated, because of compression, grading and
blur. It scales the variance of a lag."""
_MIN_MOTION_POWER = 1e-6
"""Squared motion, relative to a signature's squared norm, added to avoid a division by zero in
black frames."""
_MIN_LAG_VARIANCE = 1e-6
"""Smallest variance of a lag, in squared frames, which bounds the weight of a single frame."""
_MAX_OWN_LAG_SIGMAS = 2.0
"""Standard deviations by which a frame's own lag may exceed `MAX_LAG_FRAMES` if the mean over its
neighbours does not."""


@dataclass(frozen=True)
class TimingChecks:
    """For each match: `lag`, the offset in source frames at which the moving regions fit best,
    positive after the match; `error`, its standard deviation; `doubt`, why the match is uncertain,
    empty if it is certain."""

    lag: np.ndarray
    error: np.ndarray
    doubt: np.ndarray


class LagEstimator:
    """Estimates the lag of each frame of a section from its motion.

    The reference's motion serves as instrumental variable: its noise is independent of the
    source's, so noise does not bias lags towards zero.
    """

    def __init__(self, source: np.ndarray, reference: np.ndarray, path: np.ndarray) -> None:
        """Computes the products between all frames.

        Args:
            source: signatures of the section's frames, (n, d).
            reference: signatures of the reference's film frames, (m, d).
            path: approximate index in `reference` of each frame, (n,).
        """
        source_deviation = source - source.mean(axis=0)
        reference_deviation = reference - reference[path].mean(axis=0)
        motion, instrument = _motion(source), _motion(reference)
        across, down = _gradients(reference)
        self.squared_distances = (
            _squared_norms(source_deviation)[:, None]
            - 2 * (source_deviation @ reference_deviation.T)
            + _squared_norms(reference_deviation)
        )
        self._pixel_count = source.shape[1]
        regressors = (instrument, across, down)
        self._instrument_products = np.stack([motion @ regressor.T for regressor in regressors])
        self._difference_products = np.stack(
            [
                source_deviation @ regressor.T - (reference_deviation * regressor).sum(axis=1)
                for regressor in regressors
            ]
        )
        self._regressor_products = np.array(
            [[(regressor * other).sum(axis=1) for other in regressors] for regressor in regressors]
        )

    def lags(self, path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The lag of each frame on its own and its variance, if the matches are `path` (n,)."""
        rows = np.arange(len(path))
        noise = _CORRELATED_PX * self.squared_distances[rows, path] / self._pixel_count
        regressors = self._regressor_products[:, :, path].transpose(2, 0, 1)
        system = regressors.copy()
        system[:, :, 0] = self._instrument_products[:, rows, path].T
        weave_prior = np.diag([0.0, 1.0, 1.0])
        system += (noise / WEAVE_PX**2)[:, None, None] * weave_prior + _MIN_MOTION_POWER * np.eye(3)
        inverse = np.linalg.inv(system)
        solution = inverse @ self._difference_products[:, rows, path].T[:, :, None]
        spread = (
            noise[:, None, None] * regressors
            + ((noise / WEAVE_PX) ** 2)[:, None, None] * weave_prior
        )
        variance = (inverse @ spread @ inverse.transpose(0, 2, 1))[:, 0, 0]
        return solution[:, 0, 0], np.maximum(variance, _MIN_LAG_VARIANCE)


def check_timing(
    estimator: LagEstimator, path: np.ndarray, kept: np.ndarray, still: np.ndarray
) -> TimingChecks:
    """Checks every match of a section.

    Args:
        estimator: lags of the section's frames.
        path: index in the reference of each frame, (n,).
        kept: bool (n,): frames with a match.
        still: bool (m,): frames at which the reference's picture stands still.
    """
    own, variance = estimator.lags(path)
    lag, error = _smoothed(own, np.where(kept, 1.0 / variance, 0.0), path)
    doubt = np.full(len(path), "", object)
    is_off = np.abs(lag) > MAX_LAG_FRAMES
    is_off_alone = np.abs(own) - _MAX_OWN_LAG_SIGMAS * np.sqrt(variance) > MAX_LAG_FRAMES
    for index in np.flatnonzero(is_off | is_off_alone):
        offset = lag[index] if is_off[index] else own[index]
        doubt[index] = f"the moving regions are {abs(offset):.2f} frames off"
    doubt[error > MAX_LAG_ERROR_FRAMES] = "too little motion to confirm the timing"
    doubt[still[path]] = ""
    return TimingChecks(np.where(still[path], 0.0, lag).astype(np.float32), error, doubt)


def _motion(pictures: np.ndarray) -> np.ndarray:
    """Change of signatures (n, d) per frame, by central differences."""
    indices = np.arange(len(pictures))
    ahead, behind = np.minimum(indices + 1, len(pictures) - 1), np.maximum(indices - 1, 0)
    change = pictures[ahead] - pictures[behind]
    return np.asarray(change / np.maximum(ahead - behind, 1)[:, None], np.float32)


def _gradients(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of signatures (n, d) across and down, (n, d) each."""
    width, height = FINE_SIZE_PX
    down, across = np.gradient(pictures.reshape(-1, height, width), axis=(1, 2))
    return across.reshape(len(pictures), -1), down.reshape(len(pictures), -1)


def _squared_norms(pictures: np.ndarray) -> np.ndarray:
    """Squared norms of signatures (n, d): (n,)."""
    return np.asarray((pictures * pictures).sum(axis=1))


def _smoothed(
    own: np.ndarray, weight: np.ndarray, path: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means of lags over neighbouring frames with the same offset to the reference, and
    their standard deviations.

    Weave stays nearly constant for two or three frames, so the number of independent frames is
    about half.
    """
    lead = path - np.arange(len(path))
    weight_sum, sums = np.zeros(len(own)), np.zeros(len(own))
    for offset in range(-_WINDOW_FRAMES, _WINDOW_FRAMES + 1):
        other = np.clip(np.arange(len(own)) + offset, 0, len(own) - 1)
        shared_weight = weight[other] * (
            (lead[other] == lead) & (other == np.arange(len(own)) + offset)
        )
        weight_sum += shared_weight
        sums += shared_weight * own[other]
    weight_sum = np.maximum(weight_sum, 1e-12)
    return sums / weight_sum, np.sqrt(2.0 / weight_sum)
