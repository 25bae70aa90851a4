"""The fade of a print: uneven over the frame, and slightly different from frame to frame."""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.simulate.random_streams import Stream, random_generator, smooth_noise
from unfade.simulate.severity import Fade

_MAX_LOSS = 0.95
"""Largest share of a dye that is lost: no dye vanishes altogether."""

_STAIN_COLOUR = (0.15, 0.45, 1.0)
"""Density of the stain in red, green and blue, as shares of that in blue: yellow to brown."""

_FLICKER_SPAN_FRAMES = 1.5
"""Smoothing of the flicker: neighbouring frames are alike."""

_DRIFT_SPAN_FRAMES = 40.0
"""Smoothing of the drift: the strongest fading moves slowly along the film."""

_DRIFT_SIGMA = 0.15
"""Standard deviation of the drift, as a share of the frame's width or height."""

_BLOB_SIGMA = (0.25, 0.4)
"""Standard deviations of the blob, as shares of width and height: large, because fading is
smooth."""


@dataclass(frozen=True)
class FilmFade:
    """The fade of a film, frame by frame.

    `direction` is the unit vector (x, y) along which the fade increases over the frame. `blob` is
    the centre of a region of stronger fading, (frames, 2) in shares of width and height. `flicker`
    is the deviation of each dye's loss from its mean, (frames, 3), with a standard deviation of 1.
    """

    fade: Fade
    direction: tuple[float, float]
    blob: Tensor
    flicker: Tensor


def film_fade(fade: Fade, seed: int, frames: int) -> FilmFade:
    """The fade of a film of `frames` frames with random position, drift and flicker."""
    draws = random_generator(seed, Stream.FADE_PLACE)
    angle = torch.tensor(draws.uniform(0, 2 * torch.pi))
    start = torch.tensor(draws.uniform(0.25, 0.75, 2))
    drift = torch.from_numpy(
        smooth_noise(seed, Stream.FADE_DRIFT, frames, 2, span=_DRIFT_SPAN_FRAMES)
    )
    flicker = torch.from_numpy(
        smooth_noise(seed, Stream.FADE_FLICKER, frames, 3, span=_FLICKER_SPAN_FRAMES)
    )
    return FilmFade(
        fade=fade,
        direction=(float(torch.cos(angle)), float(torch.sin(angle))),
        blob=(start + _DRIFT_SIGMA * (drift - drift[:1])).to(torch.float32),
        flicker=flicker.to(torch.float32),
    )


def loss_map(film: FilmFade, index: int, height: int, width: int) -> Tensor:
    """The lost share of each dye, (3, height, width), in frame `index`, counted from 0."""
    fade = film.fade
    x = (torch.arange(width, dtype=torch.float32) + 0.5) / width
    y = ((torch.arange(height, dtype=torch.float32) + 0.5) / height)[:, None]
    slope = film.direction[0] * (2 * x - 1) + film.direction[1] * (2 * y - 1)
    blob_x, blob_y = film.blob[index].tolist()
    blob = _gaussian(x - blob_x, _BLOB_SIGMA[0]) * _gaussian(y - blob_y, _BLOB_SIGMA[1])
    uneven = fade.unevenness * (0.6 * slope + blob - 0.4)
    mean_loss = torch.tensor([fade.cyan, fade.magenta, fade.yellow])
    change = 1 + fade.flicker * film.flicker[index][:, None, None] + uneven
    return (mean_loss[:, None, None] * change).clamp_(0.0, _MAX_LOSS)


def stain_density(fade: Fade) -> Tensor:
    """Density of stain and base fog in red, green and blue, (3, 1, 1)."""
    return (fade.stain * torch.tensor(_STAIN_COLOUR) + fade.fog)[:, None, None]


def _gaussian(offset: Tensor, sigma: float) -> Tensor:
    return torch.exp(-((offset / sigma) ** 2) / 2)
