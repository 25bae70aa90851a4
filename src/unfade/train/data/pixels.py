"""Training pictures, and samples of their pixels as input of the networks."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from unfade.color.sensitivity import sensitivity
from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.film.pair import Pair, PairRole
from unfade.model import ChromaModel
from unfade.model.degrain import degrain
from unfade.model.features import positions
from unfade.model.raster import downsample, exposure_of, raster_factor
from unfade.train.data.samples import PositionedSamples

AREA_PX = 32
"""Side of the areas in which references are compared, in pixels of the model's raster. Larger areas
average more noise, smaller ones locate an altered region better."""


@dataclass(frozen=True)
class TrainingPicture:
    """A target on the model's raster: `source_rgb`, `truth_rgb` (3, H, W), `weight` (1, H, W).

    `pair_frame` is the frame of the pair that the chroma is from: `frame` itself, or the frame that
    it was carried from.
    """

    source_rgb: Tensor
    truth_rgb: Tensor
    weight: Tensor
    frame: int
    shot: int
    role: PairRole
    pair_frame: int


@dataclass(frozen=True)
class Pixels:
    """Sampled pixels with ground truth, as input of the networks.

    `features` (N, FEATURE_COUNT); `source_cbcr`, `base_cbcr` (of the closed form) and `truth_cbcr`
    (N, 2); `distance` (to the colours of training), `truth_y` and `weight` (N, 1); `sensitivity`
    (N, 3), the metric of the loss; `shot` (N,); `area` (N, 2), the frame and the index of the area
    in it.
    """

    features: Tensor
    source_cbcr: Tensor
    base_cbcr: Tensor
    distance: Tensor
    truth_cbcr: Tensor
    truth_y: Tensor
    weight: Tensor
    sensitivity: Tensor
    shot: Tensor
    area: Tensor

    @property
    def device(self) -> torch.device:
        """The device of all tensors."""
        return self.features.device

    def to(self, device: torch.device | str) -> "Pixels":
        """A copy on a device."""
        return Pixels(*(getattr(self, field.name).to(device) for field in fields(Pixels)))

    @staticmethod
    def concatenate(parts: Iterable["Pixels"]) -> "Pixels":
        """The pixels of several pictures, in order."""
        parts = list(parts)
        names = [field.name for field in fields(Pixels)]
        return Pixels(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def picture_of_pair(
    source_rgb: Tensor, truth_rgb: Tensor, weight: Tensor, pair: Pair
) -> TrainingPicture:
    """The target of a pair, of any size, on the model's raster and scaled to 0 to 1."""
    factor = raster_factor(source_rgb.shape[-1])
    exposure = exposure_of(source_rgb)
    return TrainingPicture(
        downsample(source_rgb / exposure, factor),
        downsample(truth_rgb / exposure, factor),
        downsample(weight, factor),
        pair.source,
        pair.shot,
        pair.role,
        pair.source,
    )


def sample_for_closed_form(
    picture: TrainingPicture, grain: Tensor, limit: int, seed: int
) -> PositionedSamples:
    """At most `limit` pixels of nonzero weight, degrained, for closed-form fits."""
    indices = _random_indices(picture, limit, seed)
    return PositionedSamples(
        degrain(picture.source_rgb, grain).flatten(1)[:, indices],
        positions(*picture.source_rgb.shape[1:]).flatten(1)[:, indices],
        rgb_to_ycbcr(picture.truth_rgb)[1:].flatten(1)[:, indices],
        picture.weight.flatten()[indices],
    )


def sample_pixels(picture: TrainingPicture, model: ChromaModel, limit: int, seed: int) -> Pixels:
    """At most `limit` pixels of nonzero weight, as input of the model's networks."""
    indices = _random_indices(picture, limit, seed)
    inputs = model.inputs(picture.source_rgb, picture.shot)
    source_ycbcr = rgb_to_ycbcr(picture.source_rgb).flatten(1)[:, indices].T
    truth_ycbcr = rgb_to_ycbcr(picture.truth_rgb).flatten(1)[:, indices].T
    frame = torch.full_like(indices, picture.frame)
    return Pixels(
        inputs.features.flatten(1)[:, indices].T.contiguous(),
        source_ycbcr[:, 1:].contiguous(),
        inputs.base_cbcr.flatten(1)[:, indices].T.contiguous(),
        inputs.distance.flatten(1)[:, indices].T.contiguous(),
        truth_ycbcr[:, 1:].contiguous(),
        truth_ycbcr[:, :1].contiguous(),
        picture.weight.flatten()[indices, None],
        sensitivity(truth_ycbcr),
        torch.full_like(indices, picture.shot),
        torch.stack([frame, _area_indices(indices, picture)], dim=1),
    )


def _area_indices(indices: Tensor, picture: TrainingPicture) -> Tensor:
    """Index of the area in which each pixel lies."""
    width = picture.weight.shape[-1]
    columns = -(-width // AREA_PX)
    return indices // width // AREA_PX * columns + indices % width // AREA_PX


def select(pixels: Pixels, selection: Tensor) -> Pixels:
    """Some of the pixels, by a mask or by indices."""
    return Pixels(*(getattr(pixels, field.name)[selection] for field in fields(Pixels)))


@torch.no_grad()
def predict_pixels(model: ChromaModel, pixels: Pixels) -> Tensor:
    """Chroma (N, 2) that a model predicts for pixels, each by the networks of its shot."""
    cbcr = pixels.base_cbcr.clone()
    for shot in sorted(set(pixels.shot.tolist())):
        in_shot = pixels.shot == shot
        cbcr[in_shot] += model.network_of(shot)(pixels.features[in_shot])
    return cbcr


def _random_indices(picture: TrainingPicture, limit: int, seed: int) -> Tensor:
    """Indices of up to `limit` pixels of nonzero weight; only seed and frame decide the choice."""
    weighted = torch.nonzero(picture.weight.flatten() > 0)[:, 0]
    generator = torch.Generator().manual_seed(seed * 1_000_003 + picture.frame)
    return weighted[torch.randperm(weighted.numel(), generator=generator)[:limit]]
