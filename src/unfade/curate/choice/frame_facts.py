"""Measurements of the scan's frames, from which pairs are chosen."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter

_MAX_RANGE_FRAMES = 500
"""Number of frames, spread over the reel, from which its range is measured."""
_RANGE_PERCENTILES = (1, 99)
"""Percentiles that limit the reel's range, without dirt and highlights."""
_COLOUR_GRID = (8, 6)
"""Cells across and down. The mean colours of the cells describe the light and colours of a
frame."""
_DISSOLVE_GRID = (16, 12)
"""Cells across and down in which dissolves are detected. Cells this large change little by motion
and much in a dissolve."""
_DISSOLVE_REACH_FRAMES = (3, 6)
"""Distances, before and after a frame, over which a dissolve or fade is tested: a short and a long
one."""
_MIN_DISSOLVE_CHANGE = 0.05
"""Mean change of the cells over twice the reach, as a share of the reel's range, from which a frame
may be in a dissolve. Smaller changes are motion and grain."""
_MAX_DISSOLVE_DEVIATION = 0.25
"""Distance of a frame from the mean of the frames before and after it, as a share of their
difference, up to which it counts as their mixture."""
_TRANSITION_MARGIN_FRAMES = 3
"""Frames on either side of a detected dissolve or fade that are excluded too, because its first and
last frames change too little to be detected."""
_MIN_FLASH_CHANGE = 0.04
"""Difference between a frame's mean and the median of its neighbours, as a share of the reel's
range, from which the frame is a flash."""
_FLASH_WINDOW_FRAMES = 5
"""Number of frames of the median with which a frame's mean is compared: a flash of one or two
frames does not change it."""
_MIN_CONTRAST = 0.04
"""Standard deviation of a frame, as a share of the reel's range, below which it counts as black: it
has no colours to learn."""
_MIN_FADE_CHANGE = 0.08
"""Steady change of a frame's mean over the shorter reach, as a share of the reel's range, from
which the frame is in a fade."""
_MAX_STEP_SHARE = 0.5
"""Share of that change that may lie between two adjacent frames of a fade. A larger step is a cut
or a flash."""


@dataclass(frozen=True)
class FrameFacts:
    """Measurements of each frame of the source's proxy.

    `cells` are mean colours, float32 (N, cells * 3), on a scale on which the reel's range is 1.
    `sharpness` is positive; higher is sharper. `has_colours`, bool (N,), is false in flashes and
    black. `is_changing` is true where light changes, in fades and beside fast motion, and
    `is_mixture` where a dissolve mixes two pictures.
    """

    cells: np.ndarray
    sharpness: np.ndarray
    has_colours: np.ndarray
    is_changing: np.ndarray
    is_mixture: np.ndarray

    @property
    def usable(self) -> np.ndarray:
        """Bool (N,): the frames outside fades, dissolves, flashes and black."""
        return np.asarray(self.has_colours & ~self.is_changing & ~self.is_mixture)

    def with_transitions(self, fading: np.ndarray, dissolving: np.ndarray) -> "FrameFacts":
        """The same measurements with the fades and dissolves that are known, bool (N,)."""
        return replace(
            self,
            is_changing=self.is_changing | fading,
            is_mixture=self.is_mixture | dissolving,
        )


def measure_frames(proxy: np.ndarray) -> FrameFacts:
    """Measurements of each frame of a proxy, uint8 (N, h, w, 3)."""
    low, high = np.percentile(
        np.asarray(proxy[:: max(1, len(proxy) // _MAX_RANGE_FRAMES)]), _RANGE_PERCENTILES, (0, 1, 2)
    )
    value_range = np.maximum(high - low, 1.0).astype(np.float32)
    cells = np.empty((len(proxy), _COLOUR_GRID[0] * _COLOUR_GRID[1] * 3), np.float32)
    coarse = np.empty((len(proxy), _DISSOLVE_GRID[0] * _DISSOLVE_GRID[1]), np.float32)
    contrast, sharpness = np.empty(len(proxy)), np.empty(len(proxy))
    for index, frame in enumerate(proxy):
        stretched = (frame.astype(np.float32) - low.astype(np.float32)) / value_range
        luma = stretched.mean(axis=2)
        cells[index] = cv2.resize(stretched, _COLOUR_GRID, interpolation=cv2.INTER_AREA).ravel()
        coarse[index] = cv2.resize(luma, _DISSOLVE_GRID, interpolation=cv2.INTER_AREA).ravel()
        contrast[index] = luma.std()
        detail = np.abs(cv2.Laplacian(luma, cv2.CV_32F)).mean()
        sharpness[index] = detail / max(contrast[index], 1e-3)
    mean = coarse.mean(axis=1)
    is_changing = maximum_filter1d(
        _dissolving(coarse) | _fading(mean), 2 * _TRANSITION_MARGIN_FRAMES + 1
    )
    has_colours = ~_flashing(mean) & (contrast >= _MIN_CONTRAST)
    return FrameFacts(cells, sharpness, has_colours, is_changing, np.zeros(len(proxy), bool))


def _dissolving(coarse: np.ndarray) -> np.ndarray:
    """Bool (N,): frames that are a mixture of the frames before and after them, in a dissolve or
    fade."""
    dissolving = np.zeros(len(coarse), bool)
    for reach in _DISSOLVE_REACH_FRAMES:
        if len(coarse) <= 2 * reach:
            continue
        before, middle, after = coarse[: -2 * reach], coarse[reach:-reach], coarse[2 * reach :]
        change = np.abs(after - before).mean(axis=1)
        deviation = np.abs(middle - (before + after) / 2).mean(axis=1)
        dissolving[reach:-reach] |= (change > _MIN_DISSOLVE_CHANGE) & (
            deviation < _MAX_DISSOLVE_DEVIATION * change
        )
    return dissolving


def _fading(mean: np.ndarray) -> np.ndarray:
    """Bool (N,): frames in a steady rise or fall of the mean."""
    fading = np.zeros(len(mean), bool)
    reach = _DISSOLVE_REACH_FRAMES[0]
    for middle in range(reach, len(mean) - reach):
        steps = np.diff(mean[middle - reach : middle + reach + 1])
        steady = (steps > 0).all() or (steps < 0).all()
        total, greatest = abs(steps.sum()), abs(steps).max()
        fading[middle] = (
            steady
            and total > _MIN_FADE_CHANGE
            and greatest < min(_MIN_FADE_CHANGE, _MAX_STEP_SHARE * total)
        )
    return fading


def _flashing(mean: np.ndarray) -> np.ndarray:
    """Bool (N,): frames that are lighter or darker than their neighbours."""
    return np.asarray(
        np.abs(mean - median_filter(mean, _FLASH_WINDOW_FRAMES, mode="nearest")) > _MIN_FLASH_CHANGE
    )
