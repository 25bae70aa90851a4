"""The model of one film: laws in closed form, and a small network that predicts what they miss.

The laws see the source without grain. The network sees every pixel and its surroundings at
several scales, and its last layers start at zero: untrained, the model is the laws.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from unfade.color.balance import balance
from unfade.color.ycbcr import limit_chroma, luma
from unfade.film.balance import IDENTITY_BALANCE, Balance
from unfade.film.model import ModelSize
from unfade.model.closed_form.laws import Laws
from unfade.model.closed_form.unevenness import EVEN, Unevenness
from unfade.model.degrain import degrain
from unfade.model.familiarity import STRIDE
from unfade.model.features import (
    features,
)
from unfade.model.networks import NETWORKS, Network, ResidualNetworks, predict_where
from unfade.model.raster import enlarge, exposure_of, on_raster, raster_factor, shrink, stretch
from unfade.model.uncertainty import Signs, Uncertainty

CONTEXT_WIDTH = 512
"""Guessers see rasters of at most this many pixels a line: what they say is smooth. On half the
raster their error is 0.6 % more, in the mean of 12 crops, for a quarter of the time."""

PIXELS_AT_ONCE = 4096
"""Pixels that the network takes at a time on a core: what it makes of them stays in the cache."""

PIXELS_ON_ACCELERATOR = 1 << 18
"""And an accelerator, which wants many: what it makes of them takes some 0.3 GB."""

ERROR_STEP = 8
"""Of the pixels and lines of the model's raster one in so many is asked for its error."""


@dataclass(frozen=True)
class NetworkInputs:
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
    residual: ResidualNetworks
    unevenness: Unevenness = EVEN
    uncertainty: Uncertainty | None = None
    own: Mapping[int, ResidualNetworks] = field(default_factory=dict)
    grade: Balance = IDENTITY_BALANCE

    def predict(self, source_rgb: Tensor, shot: int) -> Tensor:
        """The chroma of a frame.

        Args:
            source_rgb: the live area of a frame in the working space, (3, H, W), unbounded.
            shot: its shot's number.

        Returns:
            Cb and Cr (2, H, W), limited so that no component falls below zero at source luma.
        """
        cbcr = self.predict_from(source_rgb, self.inputs_of_frame(source_rgb, shot))
        return limit_chroma(luma(source_rgb), cbcr)

    def inputs_of_frame(self, source_rgb: Tensor, shot: int) -> NetworkInputs:
        """What the network is shown of a frame (3, H, W), which may have any size and exposure."""
        return self.inputs(on_raster(source_rgb), shot)

    def predict_from(self, source_rgb: Tensor, inputs: NetworkInputs) -> Tensor:
        """The chroma of a frame, not limited yet, of what `look` returned."""
        exposure = exposure_of(source_rgb)
        factor = raster_factor(source_rgb.shape[-1])
        cbcr = enlarge(
            self.predict_on_raster(inputs), inputs.y, luma(source_rgb) / exposure, factor
        )
        return cbcr * exposure

    def predict_error(self, inputs: NetworkInputs) -> Tensor:
        """The predicted error of what `answer` says, CIEDE2000 (1, h, w).

        It is of every `ERROR_STEP`th pixel and line of the model's raster.
        """
        assert self.uncertainty is not None, "it was not calibrated"
        y, features, base_cbcr = (
            planes[:, ::ERROR_STEP, ::ERROR_STEP]
            for planes in (inputs.y, inputs.features, inputs.base_cbcr)
        )
        pixels = (planes.flatten(1).T for planes in (y, features, base_cbcr))
        signs = signs_of_error(self.network_of(inputs.shot), *pixels)
        return self.uncertainty.predict(signs).reshape(y.shape)

    @torch.no_grad()
    def predict_on_raster(self, inputs: NetworkInputs) -> Tensor:
        """Chroma (2, H, W) of what `see` returned."""
        network = self.network_of(inputs.shot)
        planes = inputs.features.to(network.device)
        familiar = familiarity_of(network, planes)
        memory_cbcr = _predict_in_parts(network.memory_chroma, planes, familiar > 0)
        context_cbcr = _context_chroma(network, planes, familiar < 1)
        return inputs.base_cbcr + torch.lerp(context_cbcr, memory_cbcr, familiar).cpu()

    def inputs(self, source_rgb: Tensor, shot: int) -> NetworkInputs:
        """What the network is shown of a picture (3, H, W) on the model's raster, 0 to 1."""
        degrained_rgb = degrain(source_rgb, self.laws.grain)
        base_cbcr = self._closed_form(degrained_rgb, shot)
        balanced_rgb = balance(source_rgb, self.grade)
        clean_rgb = balance(degrained_rgb, self.grade)
        shown = features(balanced_rgb, clean_rgb, base_cbcr, shot in self.unevenness)
        return NetworkInputs(luma(source_rgb), shown, base_cbcr, shot)

    def closed_form(self, source_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a picture (3, H, W) on the model's raster without the networks."""
        return self._closed_form(degrain(source_rgb, self.laws.grain), shot)

    def _closed_form(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        placed = shot in self.unevenness
        return (self.unevenness.predict if placed else self.laws)(degrained_rgb, shot)

    def network_of(self, shot: int) -> ResidualNetworks:
        """The shot's own network, or the film's."""
        return self.own.get(shot, self.residual)

    def with_residual(self, residual: ResidualNetworks) -> "ChromaModel":
        """The same model with another network."""
        return replace(self, residual=residual)


def _context_chroma(network: ResidualNetworks, planes: Tensor, wanted: Tensor) -> Tensor:
    """What the guessers say, (2, H, W), of features (COUNT, H, W) where they are wanted (H, W)."""
    if planes.device.type == "cpu" and not wanted.any():
        return torch.zeros(2, *wanted.shape)
    factor = -(-planes.shape[2] // CONTEXT_WIDTH)
    somewhere = shrink(wanted[None].float(), factor)[0] > 0
    context_cbcr = _predict_in_parts(network.context_chroma, shrink(planes, factor), somewhere)
    return stretch(context_cbcr, factor, *wanted.shape)


def _predict_in_parts(network: Network, planes: Tensor, wanted: Tensor) -> Tensor:
    """What a network says, (2, H, W), of features (COUNT, H, W) where it is wanted (H, W).

    An accelerator takes one part after another. The cores take parts in turn, each alone: layers
    are too small to share. To threads that are made later torch gives one core too.
    """
    on_cores = planes.device.type == "cpu"
    at_once = PIXELS_AT_ONCE if on_cores else PIXELS_ON_ACCELERATOR
    pixels = planes.flatten(1).T
    parts = torch.split(pixels, at_once), torch.split(wanted.flatten(), at_once)
    one = torch.no_grad()(partial(predict_where, network))
    if not on_cores:
        said = torch.cat(list(map(one, *parts)))
    else:
        cores = torch.get_num_threads()
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            said = torch.cat(list(pool.map(one, *parts)))
    return said.T.reshape(2, *wanted.shape)


def familiarity_of(network: ResidualNetworks, inputs: Tensor) -> Tensor:
    """How familiar each pixel's surroundings are, (H, W), of features (COUNT, H, W), both on the
    network's device."""
    coarse = shrink(inputs, STRIDE)
    familiar = network.familiarity(network.wide_features(coarse.flatten(1).T))
    return stretch(familiar.reshape(1, *coarse.shape[1:]), STRIDE, *inputs.shape[1:])[0]


@torch.no_grad()
def signs_of_error(
    residual: ResidualNetworks, y: Tensor, features: Tensor, base_cbcr: Tensor
) -> Signs:
    """What the error of a network is predicted from, at source luma (N, 1), features (N, COUNT) and
    chroma of the closed form (N, 2)."""
    inputs = features.to(residual.device)
    change_cbcr = residual(inputs).cpu()
    cbcr = base_cbcr + change_cbcr
    ycbcr = torch.cat([y, cbcr], dim=1)
    members_cbcr = residual.all_chroma(inputs.expand(NETWORKS, -1, -1)).cpu()
    return Signs(features, members_cbcr, change_cbcr, ycbcr)
