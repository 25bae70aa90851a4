"""Training pictures, and samples of their pixels as input of the networks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import chain

import torch
from torch import Tensor

from unfade.color.sensitivity import sensitivity
from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.film.pair import Pair, PairRole
from unfade.film.series import frame_in_film
from unfade.model import ChromaModel
from unfade.model.degrain import degrain
from unfade.model.features import positions
from unfade.model.raster import at_exposure, exposure_of, network_factor, raster_factor
from unfade.model.resample import downsample
from unfade.train.data.samples import PositionedSamples


@dataclass(frozen=True)
class TrainingPicture:
    """A target on the model's raster: `source_rgb`, `truth_rgb` (3, H, W), `weight` (1, H, W)."""

    source_rgb: Tensor
    truth_rgb: Tensor
    weight: Tensor
    frame: int
    shot: int
    role: PairRole


@dataclass(frozen=True)
class NetworkFrame:
    """A frame on the networks' raster: `source_rgb`, and `clean_rgb` without grain, (3, h, w)."""

    source_rgb: Tensor
    clean_rgb: Tensor
    number: int
    shot: int


@dataclass(frozen=True)
class NetworkPicture:
    """A training picture on the networks' raster: `truth_ycbcr` (3, h, w), `weight` (1, h, w).

    `pair_frame` is the frame of the pair that the chroma is from: `frame` itself, or the frame that
    it was carried from.
    """

    frame: NetworkFrame
    truth_ycbcr: Tensor
    weight: Tensor
    role: PairRole
    pair_frame: int


@dataclass(frozen=True)
class Pixels:
    """Sampled pixels with ground truth, as input of the networks.

    `features` (N, FEATURE_COUNT); `source_cbcr`, `base_cbcr` (of the closed form) and `truth_cbcr`
    (N, 2); `distance` (to the colours of training), `truth_y` and `weight` (N, 1); `sensitivity`
    (N, 3), the metric of the loss; `shot` and `frame` (N,), their numbers.
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
    frame: Tensor

    @property
    def device(self) -> torch.device:
        """The device of all tensors."""
        return self.features.device

    def to(self, device: torch.device | str) -> "Pixels":
        """A copy on a device."""
        return Pixels(*(getattr(self, name).to(device) for name in _NAMES))

    @staticmethod
    def concatenate(parts: Iterable["Pixels"]) -> "Pixels":
        """The pixels of several pictures, in order."""
        parts = list(parts)
        return Pixels(*(torch.cat([getattr(part, name) for part in parts]) for name in _NAMES))

    @staticmethod
    def gather(parts: Iterable["Pixels"], most: int) -> "Pixels":
        """The same of many pictures with at most `most` pixels in all, at least one.

        Each part is copied to its place at once: small parts that stay between the large pictures
        of the next ones would keep the memory of these from being used again.
        """
        remaining = iter(parts)
        first = next(remaining)
        whole = [
            torch.empty(most, *tensor.shape[1:], dtype=tensor.dtype)
            for tensor in (getattr(first, name) for name in _NAMES)
        ]
        count = 0
        for part in chain([first], remaining):
            end = count + len(part.shot)
            for tensor, name in zip(whole, _NAMES, strict=True):
                tensor[count:end] = getattr(part, name)
            count = end
        return Pixels(*(tensor[:count] for tensor in whole))


_NAMES = tuple(field.name for field in fields(Pixels))
"""Names of the tensors of `Pixels`."""


def picture_of_pair(
    source_rgb: Tensor, truth_rgb: Tensor, weight: Tensor, pair: Pair
) -> TrainingPicture:
    """The target of a pair, of any size, on the model's raster and scaled to 0 to 1."""
    exposure = exposure_of(source_rgb)
    return TrainingPicture(
        at_exposure(source_rgb, exposure),
        at_exposure(truth_rgb, exposure),
        downsample(weight, raster_factor(source_rgb.shape[-1])),
        pair.source,
        pair.shot,
        pair.role,
    )


def network_frame(source_rgb: Tensor, number: int, shot: int, grain: Tensor) -> NetworkFrame:
    """A frame of the model's raster (3, H, W) on that of the networks.

    `grain` is the covariance for `degrain`, on the model's raster.
    """
    factor = network_factor(source_rgb.shape[-1])
    clean_rgb = downsample(degrain(source_rgb, grain), factor)
    return NetworkFrame(downsample(source_rgb, factor), clean_rgb, number, shot)


def network_picture(picture: TrainingPicture, grain: Tensor) -> NetworkPicture:
    """A training picture on the networks' raster; `grain` is as of `network_frame`."""
    factor = network_factor(picture.source_rgb.shape[-1])
    return NetworkPicture(
        network_frame(picture.source_rgb, picture.frame, picture.shot, grain),
        downsample(rgb_to_ycbcr(picture.truth_rgb), factor),
        downsample(picture.weight, factor),
        picture.role,
        picture.frame,
    )


def sample_for_grain(
    picture: TrainingPicture, grain: Tensor, limit: int, seed: int
) -> PositionedSamples:
    """At most `limit` pixels of nonzero weight of the model's raster, degrained with `grain`."""
    clean_rgb, truth_ycbcr = degrain(picture.source_rgb, grain), rgb_to_ycbcr(picture.truth_rgb)
    indices = _random_indices(picture.weight, picture.frame, limit, seed)
    return _samples_at(indices, clean_rgb, truth_ycbcr, picture.weight)


def sample_for_closed_form(picture: NetworkPicture, limit: int, seed: int) -> PositionedSamples:
    """At most `limit` pixels of nonzero weight, degrained, for closed-form fits."""
    indices = _random_indices(picture.weight, picture.frame.number, limit, seed)
    return _samples_at(indices, picture.frame.clean_rgb, picture.truth_ycbcr, picture.weight)


def _samples_at(
    indices: Tensor, clean_rgb: Tensor, truth_ycbcr: Tensor, weight: Tensor
) -> PositionedSamples:
    """Pixels of a degrained picture and its ground truth, (3, H, W), with weights (1, H, W)."""
    return PositionedSamples(
        clean_rgb.flatten(1)[:, indices],
        positions(*weight.shape[1:]).flatten(1)[:, indices],
        truth_ycbcr[1:].flatten(1)[:, indices],
        weight.flatten()[indices],
    )


def sample_pixels(
    pictures: Sequence[tuple[NetworkPicture, int]], model: ChromaModel, seed: int
) -> Pixels:
    """Pixels of nonzero weight as input of the model's networks.

    Args:
        pictures: of one frame, each with its largest number of pixels.
        model: with a closed form.
        seed: of the choice of pixels.
    """
    frame = pictures[0][0].frame
    inputs = model.network_inputs(frame.source_rgb, frame.clean_rgb, frame.shot)
    source_cbcr = rgb_to_ycbcr(frame.source_rgb)[1:]
    parts = []
    for picture, limit in pictures:
        indices = _random_indices(picture.weight, frame.number, limit, seed)

        def at_indices(planes: Tensor, indices: Tensor = indices) -> Tensor:
            return planes.flatten(1)[:, indices].T.contiguous()

        truth_ycbcr = at_indices(picture.truth_ycbcr)
        parts.append(
            Pixels(
                at_indices(inputs.features),
                at_indices(source_cbcr),
                at_indices(inputs.law_cbcr),
                at_indices(inputs.distance),
                truth_ycbcr[:, 1:].contiguous(),
                truth_ycbcr[:, :1].contiguous(),
                at_indices(picture.weight),
                sensitivity(truth_ycbcr),
                torch.full_like(indices, frame.shot),
                torch.full_like(indices, frame.number),
            )
        )
    return Pixels.concatenate(parts)


def select(pixels: Pixels, selection: Tensor) -> Pixels:
    """Some of the pixels, by a mask or by indices."""
    return Pixels(*(getattr(pixels, name)[selection] for name in _NAMES))


@torch.no_grad()
def _random_indices(weight: Tensor, frame: int, limit: int, seed: int) -> Tensor:
    """Indices of up to `limit` pixels of nonzero weight; only the seed and the number of the frame
    in its own film decide the choice."""
    weighted = torch.nonzero(weight.flatten() > 0)[:, 0]
    generator = torch.Generator().manual_seed(seed * 1_000_003 + frame_in_film(frame))
    return weighted[torch.randperm(weighted.numel(), generator=generator)[:limit]]
