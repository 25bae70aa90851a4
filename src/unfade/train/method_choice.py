"""The method of each shot, chosen by hold-out pairs: networks, law, or the LUT of the report.

The networks are the default. They give way to the method with the smallest error among those that
are better beyond chance, first over the whole film, then in each shot against the film's method.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

import torch
from torch import Tensor

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.film.method import (
    METHODS,
    ChosenBy,
    ChosenMethod,
    Method,
    MethodErrors,
    Methods,
    ShotMethod,
)
from unfade.model import ChromaModel
from unfade.model.raster import network_factor, raster_factor
from unfade.train.data.agreement import AREA_PX

CHANCE_DEVIATIONS = 2.0
"""Standard errors by which a method must be better. 2 % of equal methods pass it by chance, and
their difference is then too small to be seen."""


@dataclass(frozen=True)
class HeldOutPicture:
    """A hold-out pair at the size of its target: `source_rgb`, `truth_rgb` (3, H, W), `weight`
    (1, H, W), as validate measures it."""

    shot: int
    source_rgb: Tensor
    truth_rgb: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Estimate:
    """A mean with the variance of its error."""

    mean: float
    variance: float


@dataclass(frozen=True)
class BlockErrors:
    """Errors of a hold-out picture in B blocks: `ciede2000` holds the weighted mean (B,) of each
    method, `weight` (B,) the sum of the weights."""

    shot: int
    ciede2000: Mapping[Method, Tensor]
    weight: Tensor

    def mean(self, method: Method) -> float:
        """Weighted mean CIEDE2000 of a method over the picture."""
        return float((self.ciede2000[method] * self.weight).sum() / self.weight.sum())

    def gain(self, method: Method, default: Method) -> Estimate:
        """CIEDE2000 by which a method is better than another; blocks are independent."""
        difference = self.ciede2000[default] - self.ciede2000[method]
        share = self.weight / self.weight.sum()
        mean = float((difference * share).sum())
        count = len(share)
        if count < 2:
            return Estimate(mean, math.inf)
        squares = float((share * (difference - mean)).square().sum())
        return Estimate(mean, squares * count / (count - 1))


def block_errors(model: ChromaModel, picture: HeldOutPicture) -> BlockErrors:
    """The errors of all methods of a model on a hold-out picture.

    Blocks have `AREA_PX` pixels of the networks' raster on a side. Those without weight are left
    out.
    """
    height, width = picture.weight.shape[-2:]
    factor = raster_factor(width)
    side = AREA_PX * factor * network_factor(-(-width // factor))
    rows, columns = torch.arange(height) // side, torch.arange(width) // side
    block = (rows[:, None] * (width // side + 1) + columns).flatten()

    def sums(plane: Tensor) -> Tensor:
        return torch.bincount(block, weights=plane.flatten().double())

    weight = sums(picture.weight)
    weighted = weight > 0
    ciede2000: dict[Method, Tensor] = {
        method: sums(error * picture.weight)[weighted] / weight[weighted]
        for method, error in _errors_by_method(model, picture)
    }
    return BlockErrors(picture.shot, ciede2000, weight[weighted])


@torch.inference_mode()
def _errors_by_method(
    model: ChromaModel, picture: HeldOutPicture
) -> Iterator[tuple[Method, Tensor]]:
    """CIEDE2000 (1, H, W) of each method on a picture; all use one set of inputs to save time."""
    source_rgb, truth_rgb = picture.source_rgb, picture.truth_rgb
    inputs = model.using("networks").inputs_of_frame(source_rgb, picture.shot)
    for method in METHODS:
        cbcr = limit_chroma(luma(source_rgb), model.using(method).predict_from(source_rgb, inputs))
        rgb = ycbcr_to_rgb(torch.cat([luma(truth_rgb), cbcr]))
        yield method, rgb_difference(truth_rgb, rgb)


def methods_by_errors(pictures: Iterable[BlockErrors]) -> Methods:
    """The methods of a film, by the errors on its hold-out pictures; without any, the networks."""
    shots: dict[int, list[BlockErrors]] = {}
    for picture in pictures:
        if len(picture.weight):
            shots.setdefault(picture.shot, []).append(picture)
    if not shots:
        return Methods()
    film = _choose(list(shots.values()), "networks", "film")
    return Methods(
        film=film,
        shots=tuple(
            ShotMethod(shot=shot, **_choose([shots[shot]], film.method, "shot").model_dump())
            for shot in sorted(shots)
        ),
    )


def _choose(
    shots: Sequence[Sequence[BlockErrors]], default: Method, chosen_by: ChosenBy
) -> ChosenMethod:
    """The method for shots, each given by its hold-out pictures: of those that are better than the
    default beyond chance the one with the smallest error, or the default."""
    errors = {method: fmean(_mean_error(own, method) for own in shots) for method in METHODS}
    better = [one for one in METHODS if one != default and _is_better(shots, one, default)]
    method = min(better, key=lambda one: errors[one], default=default)
    return ChosenMethod(method=method, chosen_by=chosen_by, errors=MethodErrors(**errors))


def _mean_error(pictures: Sequence[BlockErrors], method: Method) -> float:
    return fmean(picture.mean(method) for picture in pictures)


def _is_better(shots: Sequence[Sequence[BlockErrors]], method: Method, default: Method) -> bool:
    """Whether a method is better than another beyond chance, in the mean over shots."""
    gain = mean_estimate(
        [mean_estimate([picture.gain(method, default) for picture in own]) for own in shots]
    )
    return gain.mean > CHANCE_DEVIATIONS * math.sqrt(gain.variance)


def mean_estimate(parts: Sequence[Estimate]) -> Estimate:
    """The mean of estimates. Its variance follows from theirs, or from how far they lie apart,
    whichever is larger: a method that is better in one of many shots is not better in the film."""
    means = [part.mean for part in parts]
    within = sum(part.variance for part in parts) / len(parts) ** 2
    apart = variance(means) / len(parts) if len(parts) > 1 else 0.0
    return Estimate(fmean(means), max(within, apart))
