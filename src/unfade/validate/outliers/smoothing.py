"""Medians over neighbouring frames."""

import numpy as np
from numpy.typing import NDArray


def moving_median(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The median of `width` values around each, of those that exist and are not NaN; NaN where the
    value itself is."""
    padded = np.pad(values, width // 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    is_known = np.isfinite(values)
    medians = np.full(len(values), np.nan)
    medians[is_known] = np.nanmedian(windows[is_known], axis=1)
    return medians
