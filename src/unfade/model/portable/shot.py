"""The recovery of one shot in torch alone: from faded to recovered R'G'B'."""

import torch
from torch import Tensor, nn

from unfade.model.chroma_model import ChromaModel
from unfade.model.closed_form.laws import Baseline
from unfade.model.features import CHROMA_GAIN
from unfade.model.portable.filters import PortableDegrain, enlarge_along, guided_enlarge
from unfade.model.portable.laws import PortableLaws, PortableLut
from unfade.model.portable.networks import PortableFeatures, PortableNetworks
from unfade.model.portable.operations import (
    ceil_div,
    enlarge,
    exposure_of,
    finite,
    luma,
    shrink,
    with_chroma,
)
from unfade.model.portable.weights import Weight
from unfade.model.raster import NETWORK_WIDTH_PX, RASTER_WIDTH_PX


class PortableShot(nn.Module):
    """Recovers frames of one shot as the model does: R'G'B' (1, 3, H, W) of the live area in the
    working space to the same, with the luma of the input.

    The input may be of any size, in single precision or half floats; the output is of its type.
    Everything is computed in single precision.
    """

    def __init__(self, chroma: nn.Module) -> None:
        super().__init__()
        self.chroma = chroma

    def forward(self, picture: Tensor) -> Tensor:
        source_rgb = finite(picture[0].to(torch.float32))
        recovered_rgb = with_chroma(luma(source_rgb), self.chroma(source_rgb))
        return recovered_rgb[None].to(picture.dtype)


class LutChroma(nn.Module):
    """`Baseline.predict`: chroma (2, H, W) of a frame (3, H, W) of a shot that gets the LUT."""

    def __init__(self, baseline: Baseline, shot: int) -> None:
        super().__init__()
        self.degrain = degrain_of(baseline.grain)
        self.lut = PortableLut(baseline.of(shot))

    def forward(self, source_rgb: Tensor) -> Tensor:
        return self.lut(self.degrain(source_rgb))


class ModelChroma(nn.Module):
    """Chroma (2, H, W) of a frame (3, H, W) of a shot that gets networks or law."""

    def __init__(self, model: ChromaModel, shot: int) -> None:
        super().__init__()
        self.degrain = degrain_of(model.laws.grain)
        self.laws = PortableLaws(model.laws, model.unevenness, shot)
        self.features = PortableFeatures(model.grade, shot in model.unevenness)
        self.networks = PortableNetworks(model.network_of(shot))
        uses_networks = model.method_of(shot) == "networks"
        gain = model.residual_gain(shot) if uses_networks else 0.0
        self.residual_gain = Weight(torch.tensor([gain]))
        self.chroma_gain = CHROMA_GAIN
        self.raster_width, self.network_width = RASTER_WIDTH_PX, NETWORK_WIDTH_PX

    def forward(self, source_rgb: Tensor) -> Tensor:
        exposure = exposure_of(source_rgb)
        factor = ceil_div(source_rgb.shape[2], self.raster_width)
        raster_rgb = shrink(source_rgb / exposure, factor)
        cbcr = self._on_raster(raster_rgb)
        return guided_enlarge(cbcr, luma(raster_rgb), luma(source_rgb), exposure, factor)

    def _on_raster(self, rgb: Tensor) -> Tensor:
        """`predict_on_raster`: chroma (2, h, w) of a picture (3, h, w)."""
        factor = ceil_div(rgb.shape[2], self.network_width)
        clean_rgb = self.degrain(rgb)
        small_rgb, small_clean_rgb = shrink(rgb, factor), shrink(clean_rgb, factor)
        distance = self.laws.distance(small_clean_rgb)
        law_cbcr = self.laws(small_clean_rgb, distance)
        planes = self.features(small_rgb, small_clean_rgb, law_cbcr)
        whole_distance = enlarge(distance, factor, rgb.shape[1], rgb.shape[2])
        base_cbcr = self.laws(clean_rgb, whole_distance)
        guide = torch.cat([luma(rgb), base_cbcr * self.chroma_gain])
        residual_cbcr = enlarge_along(self.networks(planes), shrink(guide, factor), guide, factor)
        return base_cbcr + self.residual_gain() * residual_cbcr


def portable_shot(model: ChromaModel, shot: int) -> PortableShot:
    """What recovers frames of a shot, by the method of the shot."""
    is_lut = model.method_of(shot) == "lut"
    chroma = LutChroma(model.lut_baseline, shot) if is_lut else ModelChroma(model, shot)
    return PortableShot(chroma).eval()


def degrain_of(grain: Tensor) -> nn.Module:
    """The degrain by a covariance of grain (3, 3); nothing for a film without grain."""
    return PortableDegrain(grain) if grain.any() else nn.Identity()
