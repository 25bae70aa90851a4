"""How a print fades: unevenly over the frame, and a little differently from frame to frame."""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.simulate.chance import Draw, course, generator
from unfade.simulate.severity import Fade

# No dye vanishes altogether, and no wandering makes it more than there was.
_GREATEST_LOSS = 0.95

# The stain is yellow to brown: its density in red and green as a share of that in blue.
_STAIN_COLOUR = (0.15, 0.45, 1.0)

_FLICKER_SPAN = 1.5  # frames
_DRIFT_SPAN = 40.0  # frames
_DRIFT = 0.15  # of the frame's width or height, standard deviation
_BLOB_RADIUS = (0.25, 0.4)  # of the frame's width or height, standard deviation of a Gaussian


@dataclass(frozen=True)
class FadeCourse:
    """The fade of a whole film.

    `edge` is the direction in which it grows, (x, y) of length 1. `blob` is where it is strongest
    besides, (frames, 2) in shares of width and height; `flicker` how far each dye's loss is from
    its mean, (frames, 3), with a standard deviation of 1.
    """

    fade: Fade
    edge: tuple[float, float]
    blob: Tensor
    flicker: Tensor


def fade_course(fade: Fade, seed: int, frames: int) -> FadeCourse:
    """How the film of a seed fades."""
    draws = generator(seed, Draw.FADE_PLACE)
    angle = torch.tensor(draws.uniform(0, 2 * torch.pi))
    start = torch.tensor(draws.uniform(0.25, 0.75, 2))
    drift = torch.from_numpy(course(seed, Draw.FADE_DRIFT, frames, 2, span=_DRIFT_SPAN))
    flicker = torch.from_numpy(course(seed, Draw.FADE_FLICKER, frames, 3, span=_FLICKER_SPAN))
    return FadeCourse(
        fade=fade,
        edge=(float(torch.cos(angle)), float(torch.sin(angle))),
        blob=(start + _DRIFT * (drift - drift[:1])).to(torch.float32),
        flicker=flicker.to(torch.float32),
    )


def loss_map(film: FadeCourse, index: int, height: int, width: int) -> Tensor:
    """The share of each dye that is lost, (3, height, width), in frame `index` from 0."""
    fade = film.fade
    x = (torch.arange(width, dtype=torch.float32) + 0.5) / width
    y = ((torch.arange(height, dtype=torch.float32) + 0.5) / height)[:, None]
    slope = film.edge[0] * (2 * x - 1) + film.edge[1] * (2 * y - 1)
    blob_x, blob_y = film.blob[index].tolist()
    blob = _bell(x - blob_x, _BLOB_RADIUS[0]) * _bell(y - blob_y, _BLOB_RADIUS[1])
    uneven = fade.unevenness * (0.6 * slope + blob - 0.4)
    mean_loss = torch.tensor([fade.cyan, fade.magenta, fade.yellow])
    change = 1 + fade.flicker * film.flicker[index][:, None, None] + uneven
    return (mean_loss[:, None, None] * change).clamp_(0.0, _GREATEST_LOSS)


def stain_density(fade: Fade) -> Tensor:
    """The density in red, green and blue, (3, 1, 1), of stain and base fog."""
    return (fade.stain * torch.tensor(_STAIN_COLOUR) + fade.fog)[:, None, None]


def _bell(offset: Tensor, radius: float) -> Tensor:
    return torch.exp(-((offset / radius) ** 2) / 2)
