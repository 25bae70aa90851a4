"""Chance that repeats itself: every random draw of a simulation comes from its seed."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d


class Draw(IntEnum):
    """What is drawn. Each has a stream of its own, so that one does not move another."""

    FADE_PLACE = 0
    FADE_DRIFT = 1
    FADE_FLICKER = 2
    EXPOSURE = 3
    WEAVE = 4
    GRAIN = 5
    DIRT = 6
    SPARKLES = 7
    FRAMING = 8
    TIMING = 9
    PROGRAMME = 10
    TELECINE_WEAVE = 11
    WARP = 12


def generator(seed: int, draw: Draw, frame: int = 0) -> np.random.Generator:
    """The random numbers of one thing in one frame."""
    return np.random.default_rng([seed, draw, frame])


def course(seed: int, draw: Draw, frames: int, values: int, *, span: float) -> NDArray[np.float64]:
    """Values that wander over time about 0 with a standard deviation of about 1.

    Args:
        seed: of the simulation.
        draw: what wanders.
        frames: how many.
        values: how many at once.
        span: over how many frames a value stays about the same (standard deviation of the
            smoothing).

    Returns:
        (frames, values).
    """
    noise = generator(seed, draw).standard_normal((frames, values))
    smooth = gaussian_filter1d(noise, span, axis=0, mode="wrap")
    return np.asarray(smooth * np.sqrt(2 * span * np.sqrt(np.pi)))
