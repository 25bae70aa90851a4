"""The model of one film: closed-form laws of colour, and networks that predict their residual.

The laws read the degrained source. The networks read every pixel and its surroundings at several
scales. Their last layers start at zero, so an untrained model equals its laws.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from unfade.color.balance import balance
from unfade.color.ycbcr import limit_chroma, luma
from unfade.film.balance import IDENTITY_BALANCE, FilmGrade
from unfade.film.method import Method, Methods, MethodSetting
from unfade.film.model import ModelSize
from unfade.geometry.bands import bands
from unfade.model.closed_form.general_law import distance_steps
from unfade.model.closed_form.laws import Baseline, Laws, beyond
from unfade.model.closed_form.unevenness import NO_UNEVENNESS, Unevenness
from unfade.model.degrain import degrain
from unfade.model.familiarity import FAMILIARITY_STRIDE_PX
from unfade.model.features import CHROMA_GAIN, features, positions
from unfade.model.networks import NETWORKS, Network, ResidualNetworks, predict_where
from unfade.model.raster import (
    enlarge_along,
    exposure_of,
    guided_upsample,
    network_factor,
    raster_factor,
    to_raster,
)
from unfade.model.resample import downsample, upsample
from unfade.model.uncertainty import ErrorInputs, Uncertainty

CPU_BATCH_PIXELS = 4096
"""Pixels per batch on a CPU core, so that the activations stay in its cache."""

ACCELERATOR_BATCH_PIXELS = 1 << 18
"""Pixels per batch on an accelerator, which needs large batches; activations take some 0.3 GB."""

ERROR_STRIDE_PX = 6
"""Distance, in pixels of the networks' raster, between predicted errors in each direction: some
3,000 per frame are enough to rank frames (decisions/17)."""

UNPAIRED_GAIN = 0.5
"""Factor on the residual of the networks in a shot without pairs, where it is as often wrong as
right: on six shots 0.5 left less error than 0, 0.25, 0.75 and 1 (decisions/31)."""


@dataclass(frozen=True)
class NetworkInputs:
    """A picture of a shot on the networks' raster.

    `y` (1, h, w) is the luma of the source, `features` (FEATURE_COUNT, h, w), `law_cbcr` (2, h, w)
    the chroma of the closed form. `distance` (1, h, w) is that to the colours of training, as of
    `Laws.distance`.
    """

    y: Tensor
    features: Tensor
    law_cbcr: Tensor
    distance: Tensor


@dataclass(frozen=True)
class ModelInputs:
    """A picture of a shot as input of the model.

    `y` (1, H, W) is the luma of the source, `base_cbcr` (2, H, W) the chroma without networks: of
    the closed form, or of the LUT if that is the shot's method.
    """

    y: Tensor
    base_cbcr: Tensor
    networks: NetworkInputs
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
    grade: FilmGrade = IDENTITY_BALANCE
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
            return self.lut_baseline.predict(source_rgb, inputs.shot)
        exposure = exposure_of(source_rgb)
        factor = raster_factor(source_rgb.shape[-1])
        small_cbcr, y = self.predict_on_raster(inputs), luma(source_rgb)
        return guided_upsample(small_cbcr, inputs.y, y, exposure, factor)

    def predict_error(self, inputs: ModelInputs) -> ErrorMap:
        """The predicted error of `predict_on_raster`."""
        assert self.uncertainty is not None, "the model was not calibrated"
        networks = inputs.networks
        base_cbcr = downsample(inputs.base_cbcr, network_factor(inputs.y.shape[-1]))
        strided = [
            planes[:, ::ERROR_STRIDE_PX, ::ERROR_STRIDE_PX]
            for planes in (networks.y, networks.features, base_cbcr, networks.distance)
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
            familiar = network.familiarity(network.wide_features(inputs)).cpu()
            known = known * familiar
            residuals_cbcr = network.all_chroma(inputs.expand(NETWORKS, -1, -1)).cpu()
            memory_cbcr, context_cbcr = residuals_cbcr[0], residuals_cbcr[1:].mean(dim=0)
            residual_cbcr = torch.lerp(context_cbcr, memory_cbcr, familiar[:, None])
            residual_cbcr = self.residual_gain(shot) * residual_cbcr
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

    def residual_gain(self, shot: int) -> float:
        return 1.0 if self.laws.has_pairs(shot) else UNPAIRED_GAIN

    @torch.no_grad()
    def predict_on_raster(self, inputs: ModelInputs) -> Tensor:
        """Chroma (2, H, W) on the model's raster."""
        if self.method_of(inputs.shot) != "networks":
            return inputs.base_cbcr
        network = self.network_of(inputs.shot)
        planes = inputs.networks.features.to(network.device)
        familiar = familiarity_of(network, planes)
        memory_cbcr = _predict_in_batches(network.memory_chroma, planes, familiar > 0)
        context_cbcr = _predict_in_batches(network.context_chroma, planes, familiar < 1)
        residual_cbcr = torch.lerp(context_cbcr, memory_cbcr, familiar).cpu()
        factor = network_factor(inputs.y.shape[-1])
        guide = torch.cat([inputs.y, inputs.base_cbcr * CHROMA_GAIN])
        small_guide = downsample(guide, factor)
        residual_cbcr = enlarge_along(residual_cbcr, small_guide, guide, factor)
        return inputs.base_cbcr + self.residual_gain(inputs.shot) * residual_cbcr

    def inputs(self, source_rgb: Tensor, shot: int) -> ModelInputs:
        """Inputs of a picture (3, H, W) on the model's raster, 0 to 1."""
        clean_rgb = degrain(source_rgb, self.laws.grain)
        factor = network_factor(source_rgb.shape[-1])
        small_rgb, small_clean_rgb = downsample(source_rgb, factor), downsample(clean_rgb, factor)
        networks = self.network_inputs(small_rgb, small_clean_rgb, shot)
        if self.method_of(shot) == "lut":
            base_cbcr = self.lut_baseline.predict(source_rgb, shot)
        elif factor == 1:
            base_cbcr = networks.law_cbcr
        else:
            distance = upsample(networks.distance, factor, *source_rgb.shape[1:])[0]
            base_cbcr = self.closed_form(clean_rgb, shot, distance)
        return ModelInputs(luma(source_rgb), base_cbcr, networks, shot)

    def network_inputs(self, source_rgb: Tensor, clean_rgb: Tensor, shot: int) -> NetworkInputs:
        """Inputs of a picture on the networks' raster, (3, h, w), and the same without grain."""
        distance = self.laws.distance(clean_rgb, shot)
        law_cbcr = self.closed_form(clean_rgb, shot, distance)
        balanced_rgb, balanced_clean_rgb = (
            balance(rgb, self.grade) for rgb in (source_rgb, clean_rgb)
        )
        planes = features(balanced_rgb, balanced_clean_rgb, law_cbcr, shot in self.unevenness)
        return NetworkInputs(luma(source_rgb), planes, law_cbcr, distance[None])

    def closed_form(self, clean_rgb: Tensor, shot: int, distance: Tensor | None = None) -> Tensor:
        """Chroma (2, H, W) of a degrained picture (3, H, W) without the networks.

        `distance` (H, W) is that of `Laws.distance`; none to compute it here.
        """
        if distance is None:
            distance = self.laws.distance(clean_rgb, shot)
        height, width = clean_rgb.shape[1:]
        position = positions(height, width)
        parts = (
            (clean_rgb[:, lines], position[:, lines], distance[lines])
            for lines in bands(height, width)
        )
        return torch.cat([self._closed_form_of_lines(shot, *part) for part in parts], dim=1)

    def _closed_form_of_lines(
        self, shot: int, clean_rgb: Tensor, position: Tensor, distance: Tensor
    ) -> Tensor:
        if shot not in self.unevenness:
            return self.laws(clean_rgb, shot, distance)
        own_cbcr = self.unevenness.predict(clean_rgb, shot, position)
        return self.laws.extended(own_cbcr, clean_rgb, shot, distance)

    def network_of(self, shot: int) -> ResidualNetworks:
        """The shot's own networks, or the film's."""
        return self.shot_networks.get(shot, self.residual)

    @property
    def lut_baseline(self) -> Baseline:
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


def _predict_in_batches(network: Network, planes: Tensor, mask: Tensor) -> Tensor:
    """Chroma (2, H, W) by a network from features (FEATURE_COUNT, H, W), where the mask (H, W) is
    true.

    Batches are so small on a CPU that activations stay in the core's cache.
    """
    batch_pixels = CPU_BATCH_PIXELS if planes.device.type == "cpu" else ACCELERATOR_BATCH_PIXELS
    pixels = planes.flatten(1).T
    batches = torch.split(pixels, batch_pixels), torch.split(mask.flatten(), batch_pixels)
    cbcr = torch.cat([predict_where(network, *batch) for batch in zip(*batches, strict=True)])
    return cbcr.T.reshape(2, *mask.shape)


def familiarity_of(network: ResidualNetworks, planes: Tensor) -> Tensor:
    """Familiarity (H, W) of features (FEATURE_COUNT, H, W), both on the network's device."""
    coarse = downsample(planes, FAMILIARITY_STRIDE_PX)
    familiar = network.familiarity(network.wide_features(coarse.flatten(1).T))
    familiar = familiar.reshape(1, *coarse.shape[1:])
    return upsample(familiar, FAMILIARITY_STRIDE_PX, *planes.shape[1:])[0]
