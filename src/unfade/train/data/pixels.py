"""Pixels to learn from, taken from the pictures of the pairs."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from unfade.color.sensitivity import sensitivity
from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.film.pair import Pair, PairRole
from unfade.model import ChromaModel
from unfade.model.degrain import degrain
from unfade.model.features import place
from unfade.model.raster import exposure_of, raster_factor, shrink
from unfade.train.data.samples import PlacedSamples

AREA = 32
"""Side, in pixels, of the areas in which references are compared."""


@dataclass(frozen=True)
class Picture:
    """A target on the model's raster: `source_rgb`, `truth_rgb` (3, H, W), `weight` (1, H, W).

    `of` is the frame whose reference its colour is from: its own, or one that it was carried from.
    """

    source_rgb: Tensor
    truth_rgb: Tensor
    weight: Tensor
    frame: int
    shot: int
    role: PairRole
    of: int


@dataclass(frozen=True)
class Pixels:
    """Pixels as the network sees them.

    `features` (N, F); `source_cbcr`, `base_cbcr` and `truth_cbcr` (N, 2); `truth_y` and `weight`
    (N, 1); `sensitivity` (N, 3), of the eye to errors of chroma; `shot` (N,); `area` (N, 2), the
    frame and the number of its area.
    """

    features: Tensor
    source_cbcr: Tensor
    base_cbcr: Tensor
    truth_cbcr: Tensor
    truth_y: Tensor
    weight: Tensor
    sensitivity: Tensor
    shot: Tensor
    area: Tensor

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.features.device

    def to(self, device: torch.device | str) -> "Pixels":
        """The same on a device."""
        return Pixels(*(getattr(self, field.name).to(device) for field in fields(Pixels)))

    @staticmethod
    def concatenate(parts: Iterable["Pixels"]) -> "Pixels":
        """The pixels of several pictures, in order."""
        parts = list(parts)
        names = [field.name for field in fields(Pixels)]
        return Pixels(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def picture(source_rgb: Tensor, truth_rgb: Tensor, weight: Tensor, pair: Pair) -> Picture:
    """A target's pictures, of whatever size, on the model's raster and within 0 to 1."""
    factor = raster_factor(source_rgb.shape[-1])
    exposure = exposure_of(source_rgb)
    return Picture(
        shrink(source_rgb / exposure, factor),
        shrink(truth_rgb / exposure, factor),
        shrink(weight, factor),
        pair.source,
        pair.shot,
        pair.role,
        pair.source,
    )


def closed_form_sample(shown: Picture, grain: Tensor, limit: int, seed: int) -> PlacedSamples:
    """At most `limit` trusted pixels of a picture, degrained, for closed-form fits."""
    chosen = _choose(shown, limit, seed)
    return PlacedSamples(
        degrain(shown.source_rgb, grain).flatten(1)[:, chosen],
        place(*shown.source_rgb.shape[1:]).flatten(1)[:, chosen],
        rgb_to_ycbcr(shown.truth_rgb)[1:].flatten(1)[:, chosen],
        shown.weight.flatten()[chosen],
    )


def sample_pixels(shown: Picture, model: ChromaModel, limit: int, seed: int) -> Pixels:
    """At most `limit` trusted pixels of one picture, as the model's network sees them."""
    chosen = _choose(shown, limit, seed)
    seen = model.inputs(shown.source_rgb, shown.shot)
    source_ycbcr = rgb_to_ycbcr(shown.source_rgb).flatten(1)[:, chosen].T
    truth_ycbcr = rgb_to_ycbcr(shown.truth_rgb).flatten(1)[:, chosen].T
    return Pixels(
        seen.features.flatten(1)[:, chosen].T.contiguous(),
        source_ycbcr[:, 1:].contiguous(),
        seen.base_cbcr.flatten(1)[:, chosen].T.contiguous(),
        truth_ycbcr[:, 1:].contiguous(),
        truth_ycbcr[:, :1].contiguous(),
        shown.weight.flatten()[chosen, None],
        sensitivity(truth_ycbcr),
        torch.full_like(chosen, shown.shot),
        torch.stack([torch.full_like(chosen, shown.frame), _areas(chosen, shown)], dim=1),
    )


def _areas(chosen: Tensor, shown: Picture) -> Tensor:
    """Number of the area that pixels of a picture lie in."""
    width = shown.weight.shape[-1]
    across = -(-width // AREA)
    return chosen // width // AREA * across + chosen % width // AREA


def only(pixels: Pixels, chosen: Tensor) -> Pixels:
    """Some of the pixels, by a mask or their places."""
    return Pixels(*(getattr(pixels, field.name)[chosen] for field in fields(Pixels)))


@torch.no_grad()
def predict_pixels(model: ChromaModel, pixels: Pixels) -> Tensor:
    """The chroma (N, 2) that a model gives pixels, each by the network of its shot."""
    cbcr = pixels.base_cbcr.clone()
    for shot in sorted(set(pixels.shot.tolist())):
        own = pixels.shot == shot
        cbcr[own] += model.network_of(shot)(pixels.features[own])
    return cbcr


def _choose(shown: Picture, limit: int, seed: int) -> Tensor:
    """Up to `limit` places of trusted pixels, by chance that only the seed and frame decide."""
    trusted = torch.nonzero(shown.weight.flatten() > 0)[:, 0]
    generator = torch.Generator().manual_seed(seed * 1_000_003 + shown.frame)
    return trusted[torch.randperm(trusted.numel(), generator=generator)[:limit]]
