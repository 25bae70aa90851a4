"""Grain, dirt and the wandering of the film in the gate."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.simulate.chance import Draw, course, generator

_GRAIN_SIGMA = 0.8  # pixels
_SPECK_RADIUS = (0.8, 3.5)  # pixels
_HAIR_LENGTH = (30.0, 160.0)  # pixels
_DIRT_DENSITY = 1.3
_GREATEST_WEAVE = 1.0  # pixels


def add_grain(dyes: Tensor, strength: float, seed: int, index: int) -> Tensor:
    """Dyes (3, H, W) as clouds instead of smooth layers.

    Args:
        dyes: amounts.
        strength: standard deviation at an amount of 1, where it is greatest; it falls to none
            where there is no dye, and slowly towards black.
        seed: of the simulation.
        index: of the frame.
    """
    noise = generator(seed, Draw.GRAIN, index).standard_normal(dyes.shape, dtype=np.float32)
    for layer in noise:
        cv2.GaussianBlur(layer, (0, 0), _GRAIN_SIGMA, dst=layer)
    # A Gaussian of standard deviation s keeps 1 / (2 s sqrt(pi)) of white noise's amplitude.
    gain = strength * 2 * _GRAIN_SIGMA * float(np.sqrt(np.pi))
    amplitude = torch.sqrt(dyes * torch.exp(1 - dyes))
    return (dyes + gain * amplitude * torch.from_numpy(noise)).clamp_min_(0.0)


def dirt(specks: float, hairs: float, height: int, width: int, seed: int, index: int) -> Tensor:
    """Density, (height, width), of what lies on the print: mean counts of specks and hairs."""
    draws = generator(seed, Draw.DIRT, index)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(draws.poisson(specks)):
        _draw_speck(mask, draws)
    for _ in range(draws.poisson(hairs)):
        _draw_hair(mask, draws)
    return _softened(mask) * _DIRT_DENSITY


def sparkles(mean: float, height: int, width: int, seed: int, index: int) -> Tensor:
    """The share, (height, width), of dye that is missing where dirt lay on the negative."""
    draws = generator(seed, Draw.SPARKLES, index)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(draws.poisson(mean)):
        _draw_speck(mask, draws)
    return _softened(mask)


def weave_course(weave: float, seed: int, frames: int) -> NDArray[np.float64]:
    """How far the picture of each frame is from its place, (frames, 2), x and y in pixels.

    Args:
        weave: standard deviation in pixels; no frame is more than a pixel off.
        seed: of the simulation.
        frames: how many.
    """
    wander = weave * course(seed, Draw.WEAVE, frames, 2, span=1.0)
    return np.asarray(_GREATEST_WEAVE * np.tanh(wander / _GREATEST_WEAVE))


def telecine_weave(greatest: float, seed: int, frames: int) -> NDArray[np.float64]:
    """How far each film frame is off its place in the telecine, (frames, 2), x and y in pixels.

    Args:
        greatest: pixels that no frame is beyond; the standard deviation is about half of it.
        seed: of the simulation.
        frames: how many.
    """
    if greatest == 0:
        return np.zeros((frames, 2))
    wander = course(seed, Draw.TELECINE_WEAVE, frames, 2, span=1.0) / 2
    return np.asarray(greatest * np.tanh(wander))


def exposure_course(exposure: float, seed: int, frames: int) -> NDArray[np.float64]:
    """The scan's density above its mean in each frame, (frames,); `exposure` is its deviation."""
    return np.asarray(exposure * course(seed, Draw.EXPOSURE, frames, 1, span=1.0)[:, 0])


def _draw_speck(mask: NDArray[np.uint8], draws: np.random.Generator) -> None:
    x, y = _place(mask, draws)
    size_x, size_y = 2 * draws.uniform(*_SPECK_RADIUS, 2)
    box = ((x, y), (size_x, size_y), draws.uniform(0, 180))
    cv2.ellipse(mask, box, int(draws.integers(120, 256)), -1, cv2.LINE_AA)


def _draw_hair(mask: NDArray[np.uint8], draws: np.random.Generator) -> None:
    start = _place(mask, draws)
    length = draws.uniform(*_HAIR_LENGTH)
    bends = start + draws.uniform(-length / 2, length / 2, (2, 2))
    t = np.linspace(0, 1, 24)[:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bends[0] + t**2 * bends[1]
    fixed_point = np.round(curve * 16).astype(np.int32)
    cv2.polylines(mask, [fixed_point], False, int(draws.integers(120, 220)), 1, cv2.LINE_AA, 4)


def _place(mask: NDArray[np.uint8], draws: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(draws.uniform(0, 1, 2) * mask.shape[::-1])


def _softened(mask: NDArray[np.uint8]) -> Tensor:
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.7)
    return torch.from_numpy(np.asarray(soft))
