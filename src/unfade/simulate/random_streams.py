"""Reproducible random numbers: every random value of a simulation follows from its seed."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d


class Stream(IntEnum):
    """Independent streams of random numbers: more draws from one do not change the others."""

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


def random_generator(seed: int, stream: Stream, frame: int = 0) -> np.random.Generator:
    """The random generator of a stream and a frame; values of the whole film use frame 0."""
    return np.random.default_rng([seed, stream, frame])


def smooth_noise(
    seed: int, stream: Stream, frames: int, channels: int, *, span: float
) -> NDArray[np.float64]:
    """Noise that varies smoothly over time, with mean 0 and standard deviation about 1.

    Args:
        seed: of the simulation.
        stream: of the random numbers.
        frames: number of frames.
        channels: number of independent values per frame.
        span: standard deviation of the Gaussian smoothing, in frames.

    Returns:
        (frames, channels).
    """
    noise = random_generator(seed, stream).standard_normal((frames, channels))
    smooth = gaussian_filter1d(noise, span, axis=0, mode="wrap")
    return np.asarray(smooth * np.sqrt(2 * span * np.sqrt(np.pi)))
