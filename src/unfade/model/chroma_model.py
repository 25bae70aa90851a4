"""The model of one film: closed-form laws of colour, and networks that predict their residual.

The laws read the degrained source. The networks read every pixel and its surroundings at several
scales. Their last layers start at zero, so an untrained model equals its laws.
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
from unfade.film.method import Method, Methods, MethodSetting
from unfade.film.model import ModelSize
from unfade.model.closed_form.general_law import distance_steps
from unfade.model.closed_form.laws import Baseline, Laws, beyond
from unfade.model.closed_form.unevenness import NO_UNEVENNESS, Unevenness
from unfade.model.degrain import degrain
from unfade.model.familiarity import FAMILIARITY_STRIDE_PX
from unfade.model.features import features
from unfade.model.networks import NETWORKS, Network, ResidualNetworks, predict_where
from unfade.model.raster import (
    downsample,
    exposure_of,
    guided_upsample,
    raster_factor,
    to_raster,
    upsample,
)
from unfade.model.uncertainty import ErrorInputs, Uncertainty

CONTEXT_WIDTH_PX = 512
"""Largest width, in pixels, of the raster for the context networks, whose output is smooth. Half
the model's raster costs 0.6 % of accuracy in the mean of 12 crops and takes a quarter of the
time."""

CPU_BATCH_PIXELS = 4096
"""Pixels per batch on a CPU core, so that the activations stay in its cache."""

ACCELERATOR_BATCH_PIXELS = 1 << 18
"""Pixels per batch on an accelerator, which needs large batches; activations take some 0.3 GB."""

ERROR_STRIDE_PX = 8
"""Distance, in pixels of the model's raster, between predicted errors in each direction: some 5,000
per frame are enough to rank frames (decisions/17)."""

UNPAIRED_GAIN = 0.5
"""Factor on the residual of the networks in a shot without pairs, where it is as often wrong as
right: on six shots 0.5 left less error than 0, 0.25, 0.75 and 1 (decisions/31)."""


@dataclass(frozen=True)
class ModelInputs:
    """A picture of a shot as input of the model.

    `y` (1, H, W) is the luma of the source, `features` (FEATURE_COUNT, H, W), `base_cbcr`
    (2, H, W) the chroma without networks: of the closed form, or of the LUT if that is the shot's
    method. `distance` (1, H, W) is that to the colours of training, as of `Laws.distance`.
    """

    y: Tensor
    features: Tensor
    base_cbcr: Tensor
    distance: Tensor
    shot: int


@dataclass(frozen=True)
class ErrorMap:
    """At every `ERROR_STRIDE_PX`th pixel and line: `ciede2000` (1, h, w), the predicted error, and
    `beyond` (1, h, w), how far the colour is beyond what training pairs show, 0 to 1."""

    ciede2000: Tensor
    beyond: Tensor


@dataclass(frozen=True)
class ChromaModel:
    """Predicts the chroma of a film's frames.

    `residual` holds the networks of the film, `shot_networks` those of shots that have their own,
    by shot number. `grade` is the balance applied to the input of the networks; the closed form
    reads the scan as it is. `baseline` holds the LUTs of the report, fitted to the pairs as they
    are; None for the smooth LUTs of `laws`. `methods` say which of networks, law and LUT each shot
    gets.
    """

    size: ModelSize
    laws: Laws
    residual: ResidualNetworks
    unevenness: Unevenness = NO_UNEVENNESS
    uncertainty: Uncertainty | None = None
    shot_networks: Mapping[int, ResidualNetworks] = field(default_factory=dict)
    grade: Balance = IDENTITY_BALANCE
    baseline: Baseline | None = None
    methods: Methods = field(default_factory=Methods)

    def predict(self, source_rgb: Tensor, shot: int) -> Tensor:
        """The chroma of a frame.

        Args:
            source_rgb: live area of a frame in the working space, (3, H, W), unbounded.
            shot: number of its shot.

        Returns:
            Cb and Cr (2, H, W), limited so that no component falls below zero at source luma.
        """
        cbcr = self.predict_from(source_rgb, self.inputs_of_frame(source_rgb, shot))
        return limit_chroma(luma(source_rgb), cbcr)

    def inputs_of_frame(self, source_rgb: Tensor, shot: int) -> ModelInputs:
        """Inputs of a frame (3, H, W) of any size and exposure."""
        return self.inputs(to_raster(source_rgb), shot)

    def predict_from(self, source_rgb: Tensor, inputs: ModelInputs) -> Tensor:
        """Chroma (2, H, W) of a frame from its `inputs_of_frame`, before `limit_chroma`.

        The LUT reads the frame at its own size, as the report measures it.
        """
        if self.method_of(inputs.shot) == "lut":
            return self._baseline.predict(source_rgb, inputs.shot)
        exposure = exposure_of(source_rgb)
        factor = raster_factor(source_rgb.shape[-1])
        cbcr = guided_upsample(
            self.predict_on_raster(inputs), inputs.y, luma(source_rgb) / exposure, factor
        )
        return cbcr * exposure

    def predict_error(self, inputs: ModelInputs) -> ErrorMap:
        """The predicted error of `predict_on_raster`."""
        assert self.uncertainty is not None, "the model was not calibrated"
        strided = [
            planes[:, ::ERROR_STRIDE_PX, ::ERROR_STRIDE_PX]
            for planes in (inputs.y, inputs.features, inputs.base_cbcr, inputs.distance)
        ]
        error_inputs = self.error_inputs(inputs.shot, *(one.flatten(1).T for one in strided))
        distance = strided[-1]
        ciede2000 = self.uncertainty.predict(error_inputs).reshape(distance.shape)
        return ErrorMap(ciede2000, beyond(distance))

    @torch.no_grad()
    def error_inputs(
        self, shot: int, y: Tensor, features: Tensor, base_cbcr: Tensor, distance: Tensor
    ) -> ErrorInputs:
        """Inputs of the predicted error of N pixels of a shot.

        Networks know what is familiar to them; law and LUT know colours in all surroundings.

        Args:
            shot: number of the shot.
            y: source luma (N, 1).
            features: (N, FEATURE_COUNT).
            base_cbcr: chroma without networks (N, 2).
            distance: to the colours of training, (N, 1).
        """
        known = 1 - beyond(distance[:, 0])
        residuals_cbcr = torch.zeros(NETWORKS, *base_cbcr.shape)
        residual_cbcr = torch.zeros_like(base_cbcr)
        if self.method_of(shot) == "networks":
            network, inputs = self.network_of(shot), features.to(self.residual.device)
            known = known * network.familiarity(network.wide_features(inputs)).cpu()
            residuals_cbcr = network.all_chroma(inputs.expand(NETWORKS, -1, -1)).cpu()
            residual_cbcr = self._residual_gain(shot) * network(inputs).cpu()
        return ErrorInputs(
            residuals_cbcr=residuals_cbcr,
            residual_cbcr=residual_cbcr,
            ycbcr=torch.cat([y, base_cbcr + residual_cbcr], dim=1),
            known=known,
            unseen=self._unseen_error(shot, distance[:, 0]),
            has_pairs=self.laws.has_pairs(shot),
        )

    def _unseen_error(self, shot: int, distance: Tensor) -> Tensor:
        """Error of chroma (N,) to expect beyond training, at distances (N,) to its colours."""
        general = self.laws.general
        if general is None:
            return torch.zeros_like(distance)
        is_lut = self.method_of(shot) == "lut"
        return distance_steps(distance) @ (general.lut_errors if is_lut else general.errors)

    def _residual_gain(self, shot: int) -> float:
        return 1.0 if self.laws.has_pairs(shot) else UNPAIRED_GAIN

    @torch.no_grad()
    def predict_on_raster(self, inputs: ModelInputs) -> Tensor:
        """Chroma (2, H, W) on the model's raster."""
        if self.method_of(inputs.shot) != "networks":
            return inputs.base_cbcr
        network = self.network_of(inputs.shot)
        planes = inputs.features.to(network.device)
        familiar = familiarity_of(network, planes)
        memory_cbcr = _predict_in_batches(network.memory_chroma, planes, familiar > 0)
        context_cbcr = _context_chroma(network, planes, familiar < 1)
        residual_cbcr = torch.lerp(context_cbcr, memory_cbcr, familiar).cpu()
        return inputs.base_cbcr + self._residual_gain(inputs.shot) * residual_cbcr

    def inputs(self, source_rgb: Tensor, shot: int) -> ModelInputs:
        """Inputs of a picture (3, H, W) on the model's raster, 0 to 1."""
        degrained_rgb = degrain(source_rgb, self.laws.grain)
        law_cbcr = self._closed_form(degrained_rgb, shot)
        balanced_rgb = balance(source_rgb, self.grade)
        clean_rgb = balance(degrained_rgb, self.grade)
        planes = features(balanced_rgb, clean_rgb, law_cbcr, shot in self.unevenness)
        is_lut = self.method_of(shot) == "lut"
        base_cbcr = self._baseline.predict(source_rgb, shot) if is_lut else law_cbcr
        distance = self.laws.distance(degrained_rgb, shot)[None]
        return ModelInputs(luma(source_rgb), planes, base_cbcr, distance, shot)

    def closed_form(self, source_rgb: Tensor, shot: int) -> Tensor:
        """Chroma (2, H, W) of a picture (3, H, W) on the model's raster without the networks."""
        return self._closed_form(degrain(source_rgb, self.laws.grain), shot)

    def _closed_form(self, degrained_rgb: Tensor, shot: int) -> Tensor:
        if shot not in self.unevenness:
            return self.laws(degrained_rgb, shot)
        own_cbcr = self.unevenness.predict(degrained_rgb, shot)
        return self.laws.extended(own_cbcr, degrained_rgb, shot)

    def network_of(self, shot: int) -> ResidualNetworks:
        """The shot's own networks, or the film's."""
        return self.shot_networks.get(shot, self.residual)

    @property
    def _baseline(self) -> Baseline:
        return self.laws.baseline if self.baseline is None else self.baseline

    def method_of(self, shot: int) -> Method:
        """The method by which a shot gets its colour."""
        return self.methods.of(shot).method

    def using(self, setting: MethodSetting) -> "ChromaModel":
        """A copy of the model with a person's method for all shots; "auto" changes nothing."""
        return replace(self, methods=self.methods.used(setting))

    def with_residual(self, residual: ResidualNetworks) -> "ChromaModel":
        """A copy of the model with other networks of the film."""
        return replace(self, residual=residual)


def _context_chroma(network: ResidualNetworks, planes: Tensor, mask: Tensor) -> Tensor:
    """Chroma (2, H, W) by the context networks from features (FEATURE_COUNT, H, W), where the mask
    (H, W) is true."""
    if planes.device.type == "cpu" and not mask.any():
        return torch.zeros(2, *mask.shape)
    factor = -(-planes.shape[2] // CONTEXT_WIDTH_PX)
    coarse_mask = downsample(mask[None].float(), factor)[0] > 0
    context_cbcr = _predict_in_batches(
        network.context_chroma, downsample(planes, factor), coarse_mask
    )
    return upsample(context_cbcr, factor, *mask.shape)


def _predict_in_batches(network: Network, planes: Tensor, mask: Tensor) -> Tensor:
    """Chroma (2, H, W) by a network from features (FEATURE_COUNT, H, W), where the mask (H, W) is
    true.

    An accelerator takes one batch after another. On the CPU each core takes batches of its own,
    because layers are too small to split among cores; torch uses one core in each thread.
    """
    on_cpu = planes.device.type == "cpu"
    batch_pixels = CPU_BATCH_PIXELS if on_cpu else ACCELERATOR_BATCH_PIXELS
    pixels = planes.flatten(1).T
    batches = torch.split(pixels, batch_pixels), torch.split(mask.flatten(), batch_pixels)
    predict_batch = torch.no_grad()(partial(predict_where, network))
    if not on_cpu:
        cbcr = torch.cat(list(map(predict_batch, *batches)))
    else:
        cores = torch.get_num_threads()
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            cbcr = torch.cat(list(pool.map(predict_batch, *batches)))
    return cbcr.T.reshape(2, *mask.shape)


def familiarity_of(network: ResidualNetworks, planes: Tensor) -> Tensor:
    """Familiarity (H, W) of features (FEATURE_COUNT, H, W), both on the network's device."""
    coarse = downsample(planes, FAMILIARITY_STRIDE_PX)
    familiar = network.familiarity(network.wide_features(coarse.flatten(1).T))
    familiar = familiar.reshape(1, *coarse.shape[1:])
    return upsample(familiar, FAMILIARITY_STRIDE_PX, *planes.shape[1:])[0]
