"""Defects of print, scan and telecine: grain, dirt, sparkles, gate weave, exposure flicker."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.simulate.random_streams import Stream, random_generator, smooth_noise

_GRAIN_SIGMA_PX = 0.8
"""Standard deviation of the Gaussian that turns white noise into grain: clumps of about 2 pixels.
"""

_SPECK_RADIUS_PX = (0.8, 3.5)
"""Smallest and largest half axis of a speck: barely visible to conspicuous."""

_HAIR_LENGTH_PX = (30.0, 160.0)
"""Smallest and largest length of a hair before it is bent."""

_DIRT_DENSITY = 1.3
"""Density of the darkest dirt: it passes a twentieth of the light."""

_MAX_WEAVE_PX = 1.0
"""Largest gate weave in each direction: that of a scanner in good order."""


def add_grain(dyes: Tensor, strength: float, seed: int, index: int) -> Tensor:
    """Dye amounts with grain.

    Args:
        dyes: amounts without grain, (3, H, W).
        strength: standard deviation at an amount of 1, where it is greatest. It falls to 0 at an
            amount of 0, and slowly towards black.
        seed: of the simulation.
        index: of the frame.
    """
    noise = random_generator(seed, Stream.GRAIN, index).standard_normal(
        dyes.shape, dtype=np.float32
    )
    for layer in noise:
        cv2.GaussianBlur(layer, (0, 0), _GRAIN_SIGMA_PX, dst=layer)
    # A Gaussian filter of standard deviation s reduces white noise to 1 / (2 s sqrt(pi)).
    gain = strength * 2 * _GRAIN_SIGMA_PX * float(np.sqrt(np.pi))
    amplitude = torch.sqrt(dyes * torch.exp(1 - dyes))
    return (dyes + gain * amplitude * torch.from_numpy(noise)).clamp_min_(0.0)


def dirt(specks: float, hairs: float, height: int, width: int, seed: int, index: int) -> Tensor:
    """Density, (height, width), of dirt on the print; `specks` and `hairs` are mean counts."""
    draws = random_generator(seed, Stream.DIRT, index)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(draws.poisson(specks)):
        _draw_speck(mask, draws)
    for _ in range(draws.poisson(hairs)):
        _draw_hair(mask, draws)
    return _soft_mask(mask) * _DIRT_DENSITY


def sparkles(mean: float, height: int, width: int, seed: int, index: int) -> Tensor:
    """Share of missing dye, (height, width), from dirt on the negative; `mean` is a mean count."""
    draws = random_generator(seed, Stream.SPARKLES, index)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(draws.poisson(mean)):
        _draw_speck(mask, draws)
    return _soft_mask(mask)


def gate_weave(weave: float, seed: int, frames: int) -> NDArray[np.float64]:
    """Gate weave of the scanner: shift of each frame in x and y, (frames, 2), in pixels.

    Args:
        weave: standard deviation in pixels; every shift is below one pixel.
        seed: of the simulation.
        frames: number of frames.
    """
    shifts = weave * smooth_noise(seed, Stream.WEAVE, frames, 2, span=1.0)
    return np.asarray(_MAX_WEAVE_PX * np.tanh(shifts / _MAX_WEAVE_PX))


def telecine_weave(max_shift: float, seed: int, frames: int) -> NDArray[np.float64]:
    """Gate weave of the telecine: shift of each film frame in x and y, (frames, 2), in pixels.

    Args:
        max_shift: upper bound of the shift in pixels; the standard deviation is about half of it.
        seed: of the simulation.
        frames: number of frames.
    """
    if max_shift == 0:
        return np.zeros((frames, 2))
    shifts = smooth_noise(seed, Stream.TELECINE_WEAVE, frames, 2, span=1.0) / 2
    return np.asarray(max_shift * np.tanh(shifts))


def exposure_deviation(exposure: float, seed: int, frames: int) -> NDArray[np.float64]:
    """Deviation of each frame's density in the scan, (frames,); `exposure` is its sigma."""
    return np.asarray(exposure * smooth_noise(seed, Stream.EXPOSURE, frames, 1, span=1.0)[:, 0])


def _draw_speck(mask: NDArray[np.uint8], draws: np.random.Generator) -> None:
    x, y = _random_point(mask, draws)
    size_x, size_y = 2 * draws.uniform(*_SPECK_RADIUS_PX, 2)
    box = ((x, y), (size_x, size_y), draws.uniform(0, 180))
    cv2.ellipse(mask, box, int(draws.integers(120, 256)), -1, cv2.LINE_AA)


def _draw_hair(mask: NDArray[np.uint8], draws: np.random.Generator) -> None:
    start = _random_point(mask, draws)
    length = draws.uniform(*_HAIR_LENGTH_PX)
    bends = start + draws.uniform(-length / 2, length / 2, (2, 2))
    t = np.linspace(0, 1, 24)[:, None]
    bezier = (1 - t) ** 2 * start + 2 * t * (1 - t) * bends[0] + t**2 * bends[1]
    fixed_point = np.round(bezier * 16).astype(np.int32)
    cv2.polylines(mask, [fixed_point], False, int(draws.integers(120, 220)), 1, cv2.LINE_AA, 4)


def _random_point(mask: NDArray[np.uint8], draws: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(draws.uniform(0, 1, 2) * mask.shape[::-1])


def _soft_mask(mask: NDArray[np.uint8]) -> Tensor:
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.7)
    return torch.from_numpy(np.asarray(soft))
