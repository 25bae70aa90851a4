"""Recovery of one frame: exact luma of the source, chroma of the model."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.film.clip import Area
from unfade.geometry.crop import crop
from unfade.model import ChromaModel
from unfade.model.chroma_model import ErrorMap

RIM_SHARE = 0.015
"""Width of the rim around the live area, as a share of its width: the picture that the detection of
the live area leaves out because of weave and rounded corners."""

RIM_CHROMA_EXPONENT = 2
"""Exponent of the fall of chroma in the rim, on the ratio of a pixel's luma to the edge's: much
darker pixels belong to the frame line, not to the picture."""

MIN_LUMA = 1e-3
"""Smallest luma of the edge in that ratio, to avoid division by zero."""


@dataclass(frozen=True)
class RecoveredFrame:
    """A recovered frame with its predicted error over the live area.

    `rgb` is (3, H, W) in the working space; no component is negative where luma is not.
    """

    rgb: Tensor
    error: ErrorMap


def recover(source_rgb: Tensor, live_area: Area, model: ChromaModel, shot: int) -> RecoveredFrame:
    """Recovers the colour of a frame.

    The live area lies slightly inside the picture. A narrow rim around it takes the chroma of its
    edge, less where it is darker; the raster beyond the rim is no picture and gets no chroma.

    Args:
        source_rgb: the whole raster in the working space, (3, H, W), unbounded.
        live_area: of the source.
        model: of this film.
        shot: number of the frame's shot.
    """
    y = luma(source_rgb)
    picture_rgb = crop(source_rgb, live_area)
    inputs = model.inputs_of_frame(picture_rgb, shot)
    cbcr = model.predict_from(picture_rgb, inputs)
    extended = _with_rim(torch.cat([crop(y, live_area), cbcr]), live_area, *y.shape[-2:])
    edge_y, edge_cbcr = extended[:1], extended[1:]
    gain = (y / edge_y.clamp_min(MIN_LUMA)).clamp(0.0, 1.0) ** RIM_CHROMA_EXPONENT
    whole_cbcr = torch.where(edge_y > y, edge_cbcr * gain, edge_cbcr)
    recovered_rgb = ycbcr_to_rgb(torch.cat([y, limit_chroma(y, whole_cbcr)]))
    return RecoveredFrame(recovered_rgb, model.predict_error(inputs))


def _with_rim(picture: Tensor, live_area: Area, height: int, width: int) -> Tensor:
    """A picture (C, h, w) of the live area on the raster: edge replicated in the rim, 0 beyond."""
    before = (live_area.x, live_area.y)
    after = (width - live_area.x - live_area.width, height - live_area.y - live_area.height)
    rim = max(1, round(RIM_SHARE * live_area.width))
    margins = [margin for pair in zip(before, after, strict=True) for margin in pair]
    rims = [min(margin, rim) for margin in margins]
    with_rim = functional.pad(picture[None], rims, mode="replicate")
    return functional.pad(with_rim, [m - r for m, r in zip(margins, rims, strict=True)])[0]
