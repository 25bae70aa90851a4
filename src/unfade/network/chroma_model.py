"""The model of one film: laws in closed form, and a small network that predicts what they miss.

The laws see the source without grain. The network sees every pixel and its surroundings at
several scales, and its last layers start at zero: untrained, the model is the laws.
"""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from unfade.color.balance import balance
from unfade.color.ycbcr import limit_chroma, luma
from unfade.film.balance import UNBALANCED, Balance
from unfade.film.model import ModelSize
from unfade.network.familiarity import STRIDE, Familiarity
from unfade.network.features import (
    CHROMA_GAIN,
    COUNT,
    OWN,
    PER_SCALE,
    WIDE,
    features,
)
from unfade.network.filters import box, degrain
from unfade.network.laws import Laws
from unfade.network.uncertainty import Signs, Uncertainty
from unfade.network.unevenness import EVEN, Unevenness

WIDTHS: dict[ModelSize, tuple[int, ...]] = {
    "small": (32, 32),
    "medium": (48, 48, 48),
    "large": (96, 96, 96),
}
"""Units of each member's hidden layers by model size."""

HEED = ((1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0), (1.0, 0.7, 0.49, 0.34, 0.24, 0.17, 0.12))
"""How much each guesser heeds its surroundings, from the finest scale: from what it heeds less, it
learns more slowly."""

MEMBERS = 1 + len(HEED)
"""Networks: one that remembers, and those that guess."""

RASTER_WIDTH = 1000
"""The model works on pictures of at most this many pixels a line: colour is coarser than luma."""

GUESS_WIDTH = 512
"""Guessers see rasters of at most this many pixels a line: what they say is smooth. On half the
raster their error is 0.6 % more, in the mean of 12 crops, for a quarter of the time."""

PIXELS_AT_ONCE = 4096
"""Pixels that the network takes at a time on a core: what it makes of them stays in the cache."""

PIXELS_ON_ACCELERATOR = 1 << 18
"""And an accelerator, which wants many: what it makes of them takes some 0.3 GB."""

ERROR_STEP = 8
"""Of the pixels and lines of the model's raster one in so many is asked for its error."""

CHROMA_EPSILON = 1e-3
"""Luma variance below which upsampled chroma does not follow luma: above grain, below edges."""


class Members(nn.Module):
    """Networks side by side: features (M, N, COUNT) to chroma (M, N, 2), at first zero.

    Features are taken less `centre` (M, COUNT) and times `gain` (M, COUNT).
    """

    centre: Tensor
    gain: Tensor

    def __init__(self, count: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        inputs = COUNT
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for width in widths:
            reach = 1 / math.sqrt(inputs)
            self.weights.append(torch.empty(count, inputs, width).uniform_(-reach, reach))
            self.biases.append(torch.empty(count, 1, width).uniform_(-reach, reach))
            inputs = width
        self.weights.append(torch.zeros(count, inputs, 2))
        self.biases.append(torch.zeros(count, 1, 2))
        self.register_buffer("centre", torch.zeros(count, COUNT))
        self.register_buffer("gain", torch.ones(count, COUNT))

    def forward(self, seen: Tensor) -> Tensor:
        *hidden, (weight, bias) = zip(self.weights, self.biases, strict=True)
        inner = hidden[0][0] * self.gain[..., None]
        hidden[0] = (inner, hidden[0][1] - self.centre[:, None] @ inner)
        for inner, offset in hidden:
            seen = functional.silu(torch.baddbmm(offset, seen, inner))
        return torch.baddbmm(bias, seen, weight) / CHROMA_GAIN


class Residual(nn.Module):
    """Per-pixel networks: features (N, COUNT) to what is missing from Cb and Cr (N, 2).

    The `memory` sees all features on one scale, so that it takes in what tells places of the film
    apart. It speaks where surroundings are familiar. Elsewhere the mean of the `guessers` does,
    which learn slowly what is common to much and see unlike surroundings, so that they err apart.
    """

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.memory = Members(1, WIDTHS[size])
        self.guessers = Members(MEMBERS - 1, WIDTHS[size])
        self.guessers.gain[:, OWN:] = torch.tensor(HEED).repeat_interleave(PER_SCALE, dim=1)
        self.familiarity = Familiarity()

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self.memory.centre.device

    def members(self, seen: Tensor) -> Tensor:
        """What each member says, (MEMBERS, N, 2), of features (MEMBERS, N, COUNT)."""
        return torch.cat([self.memory(seen[:1]), self.guessers(seen[1:])])

    def forward(self, seen: Tensor) -> Tensor:
        """Residual chroma (N, 2) of features (N, COUNT)."""
        familiar = self.familiarity(self.wide(seen))
        remembered = _asked_where(self.remember, seen, familiar > 0)
        guessed = _asked_where(self.guess, seen, familiar < 1)
        return torch.lerp(guessed, remembered, familiar[:, None])

    def wide(self, seen: Tensor) -> Tensor:
        """The wide surroundings (N, WIDE) of features (N, COUNT), of deviation 1 over training."""
        chosen = torch.tensor(WIDE, device=seen.device)
        return (seen[:, chosen] - self.memory.centre[0, chosen]) * self.memory.gain[0, chosen]

    def remember(self, seen: Tensor) -> Tensor:
        """What the memory says, (N, 2), of features (N, COUNT)."""
        said: Tensor = self.memory(seen[None])[0]
        return said

    def guess(self, seen: Tensor) -> Tensor:
        """What the guessers say, (N, 2), of features (N, COUNT)."""
        said: Tensor = self.guessers(seen.expand(len(HEED), -1, -1)).mean(dim=0)
        return said


Ask = Callable[[Tensor], Tensor]
"""From features (N, COUNT) to chroma (N, 2)."""


def _asked_where(ask: Ask, seen: Tensor, wanted: Tensor) -> Tensor:
    """What a network says of pixels, zero where it is not wanted (N,).

    An accelerator is asked of all: to look which count, the host would have to wait for it.
    """
    if seen.device.type != "cpu" or wanted.all():
        return ask(seen)
    said = torch.zeros(seen.shape[0], 2)
    if wanted.any():
        said[wanted] = ask(seen[wanted])
    return said


@dataclass(frozen=True)
class Seen:
    """A picture of a shot as its network sees it.

    `y` (1, H, W) is the luma of the source, `features` (COUNT, H, W), `base_cbcr` (2, H, W).
    """

    y: Tensor
    features: Tensor
    base_cbcr: Tensor
    shot: int


@dataclass(frozen=True)
class ChromaModel:
    """Predicts the chroma of a film's frames.

    `residual` is the film's network, `own` are those of shots that have one, by shot number.
    `grade` is what networks see a picture through; the closed form sees the scan as it is.
    """

    size: ModelSize
    laws: Laws
    residual: Residual
    unevenness: Unevenness = EVEN
    uncertainty: Uncertainty | None = None
    own: Mapping[int, Residual] = field(default_factory=dict)
    grade: Balance = UNBALANCED

    def predict(self, source_rgb: Tensor, shot: int) -> Tensor:
        """The chroma of a frame.

        Args:
            source_rgb: the live area of a frame in the working space, (3, H, W), unbounded.
            shot: its shot's number.

        Returns:
            Cb and Cr (2, H, W), limited so that no component falls below zero at source luma.
        """
        cbcr = self.colour(source_rgb, self.look(source_rgb, shot))
        return limit_chroma(luma(source_rgb), cbcr)

    def look(self, source_rgb: Tensor, shot: int) -> Seen:
        """What the network is shown of a frame (3, H, W), which may have any size and exposure."""
        return self.see(on_raster(source_rgb), shot)

    def colour(self, source_rgb: Tensor, seen: Seen) -> Tensor:
        """The chroma of a frame, not limited yet, of what `look` returned."""
        exposure = exposure_of(source_rgb)
        factor = raster_factor(source_rgb.shape[-1])
        cbcr = enlarge(self.answer(seen), seen.y, luma(source_rgb) / exposure, factor)
        return cbcr * exposure

    def predict_error(self, seen: Seen) -> Tensor:
        """The predicted error of what `answer` says, CIEDE2000 (1, h, w).

        It is of every `ERROR_STEP`th pixel and line of the model's raster.
        """
        assert self.uncertainty is not None, "it was not calibrated"
        y, features, base_cbcr = (
            planes[:, ::ERROR_STEP, ::ERROR_STEP]
            for planes in (seen.y, seen.features, seen.base_cbcr)
        )
        pixels = (planes.flatten(1).T for planes in (y, features, base_cbcr))
        signs = signs_of_error(self.network_of(seen.shot), *pixels)
        return self.uncertainty.predict(signs).reshape(y.shape)

    @torch.no_grad()
    def answer(self, seen: Seen) -> Tensor:
        """Chroma (2, H, W) of what `see` returned."""
        network = self.network_of(seen.shot)
        planes = seen.features.to(network.device)
        familiar = familiarity_of(network, planes)
        remembered = _ask_in_parts(network.remember, planes, familiar > 0)
        guessed = _guess_coarsely(network, planes, familiar < 1)
        return seen.base_cbcr + torch.lerp(guessed, remembered, familiar).cpu()

    def see(self, source_rgb: Tensor, shot: int) -> Seen:
        """What the network is shown of a picture (3, H, W) on the model's raster, 0 to 1."""
        degrained_rgb = degrain(source_rgb, self.laws.grain)
        base_cbcr = self._closed_form(degrained_rgb, shot)
        balanced_rgb = balance(source_rgb, self.grade)
        clean_rgb = balance(degrained_rgb, self.grade)
        shown = features(balanced_rgb, clean_rgb, base_cbcr, shot in self.unevenness)
        return Seen(luma(source_rgb), shown, base_cbcr, shot)

    def closed_form(self, source_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a picture (3, H, W) on the model's raster without the networks."""
        return self._closed_form(degrain(source_rgb, self.laws.grain), shot)

    def _closed_form(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        placed = shot in self.unevenness
        return (self.unevenness.predict if placed else self.laws)(degrained_rgb, shot)

    def network_of(self, shot: int) -> Residual:
        """The shot's own network, or the film's."""
        return self.own.get(shot, self.residual)

    def with_residual(self, residual: Residual) -> "ChromaModel":
        """The same model with another network."""
        return replace(self, residual=residual)


def _guess_coarsely(network: Residual, planes: Tensor, wanted: Tensor) -> Tensor:
    """What the guessers say, (2, H, W), of features (COUNT, H, W) where they are wanted (H, W)."""
    if planes.device.type == "cpu" and not wanted.any():
        return torch.zeros(2, *wanted.shape)
    factor = -(-planes.shape[2] // GUESS_WIDTH)
    somewhere = shrink(wanted[None].float(), factor)[0] > 0
    guessed = _ask_in_parts(network.guess, shrink(planes, factor), somewhere)
    return stretch(guessed, factor, *wanted.shape)


def _ask_in_parts(ask: Ask, planes: Tensor, wanted: Tensor) -> Tensor:
    """What a network says, (2, H, W), of features (COUNT, H, W) where it is wanted (H, W).

    An accelerator takes one part after another. The cores take parts in turn, each alone: layers
    are too small to share. To threads that are made later torch gives one core too.
    """
    on_cores = planes.device.type == "cpu"
    at_once = PIXELS_AT_ONCE if on_cores else PIXELS_ON_ACCELERATOR
    pixels = planes.flatten(1).T
    parts = torch.split(pixels, at_once), torch.split(wanted.flatten(), at_once)
    one = torch.no_grad()(partial(_asked_where, ask))
    if not on_cores:
        said = torch.cat(list(map(one, *parts)))
    else:
        cores = torch.get_num_threads()
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            said = torch.cat(list(pool.map(one, *parts)))
    return said.T.reshape(2, *wanted.shape)


def familiarity_of(network: Residual, seen: Tensor) -> Tensor:
    """How familiar each pixel's surroundings are, (H, W), of features (COUNT, H, W), both on the
    network's device."""
    coarse = shrink(seen, STRIDE)
    familiar = network.familiarity(network.wide(coarse.flatten(1).T))
    return stretch(familiar.reshape(1, *coarse.shape[1:]), STRIDE, *seen.shape[1:])[0]


@torch.no_grad()
def signs_of_error(residual: Residual, y: Tensor, features: Tensor, base_cbcr: Tensor) -> Signs:
    """What the error of a network is predicted from, at source luma (N, 1), features (N, COUNT) and
    chroma of the closed form (N, 2)."""
    seen = features.to(residual.device)
    change_cbcr = residual(seen).cpu()
    cbcr = base_cbcr + change_cbcr
    ycbcr = torch.cat([y, cbcr], dim=1)
    members_cbcr = residual.members(seen.expand(MEMBERS, -1, -1)).cpu()
    return Signs(features, members_cbcr, change_cbcr, ycbcr)


def on_raster(source_rgb: Tensor) -> Tensor:
    """A source picture (3, H, W) of any size and exposure on the model's raster, 0 to 1."""
    return shrink(source_rgb / exposure_of(source_rgb), raster_factor(source_rgb.shape[-1]))


def exposure_of(source_rgb: Tensor) -> Tensor:
    """By how much each pixel (3, H, W) is above 1 and therefore scaled down, (1, H, W), or
    (1, 1, 1) where none is."""
    if source_rgb.max() <= 1.0:
        return source_rgb.new_ones(1, 1, 1)
    return source_rgb.amax(dim=0, keepdim=True).clamp_min(1.0)


def raster_factor(width: int) -> int:
    """How many pixels of a picture `width` pixels wide make one of the model's raster."""
    return -(-width // RASTER_WIDTH)


def shrink(picture: Tensor, factor: int) -> Tensor:
    """(C, H, W) averaged over squares of `factor` pixels, those at the edge over what there is."""
    if factor == 1:
        return picture
    averaged: Tensor = functional.avg_pool2d(
        picture[None], factor, ceil_mode=True, count_include_pad=False
    )
    return averaged[0]


def stretch(planes: Tensor, factor: int, height: int, width: int) -> Tensor:
    """What was shrunk by a factor at its size again, (C, height, width), bilinear."""
    if factor == 1:
        return planes
    whole: Tensor = functional.interpolate(
        planes[None], scale_factor=factor, mode="bilinear", align_corners=False
    )
    return whole[0, :, :height, :width]


def enlarge(cbcr_small: Tensor, y_small: Tensor, y: Tensor, factor: int) -> Tensor:
    """Chroma of the model's raster laid on full-resolution luma, so that its edges follow.

    Within small windows chroma is taken as a linear function of luma; that function is what is
    interpolated. Source: He, Sun, "Fast Guided Filter", 2015.

    Args:
        cbcr_small: (2, h, w).
        y_small: (1, h, w).
        y: (1, H, W), H and W up to `factor` times h and w.
        factor: pixels of `y` a pixel of `y_small`.

    Returns:
        (2, H, W).
    """
    if factor == 1:
        return cbcr_small
    mean_y, mean_c = box(y_small, 1), box(cbcr_small, 1)
    variance = (box(y_small**2, 1) - mean_y**2).clamp_min(0.0)
    covariance = box(y_small * cbcr_small, 1) - mean_y * mean_c
    gain = covariance / (variance + CHROMA_EPSILON)
    line = torch.cat([gain, mean_c - gain * mean_y])
    line = stretch(line, factor, *y.shape[-2:])
    return line[:2] * y + line[2:]
