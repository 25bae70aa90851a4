"""One recovered frame: the luma of the source, exactly, with the chroma of the model."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.film.clip import Area
from unfade.geometry.crop import crop
from unfade.model import ChromaModel

RIM = 0.015
"""Of the live area's width: what its finding leaves outside for weave and rounded corners."""

DARKER = 2
"""In the rim chroma falls with this power of how much darker than the edge a pixel is: what is far
darker is the frame line, not picture."""

LEAST_LUMA = 1e-3


@dataclass(frozen=True)
class Recovered:
    """A recovered frame (3, H, W) in the working space, not below zero where the luma is not, and
    its predicted error: CIEDE2000 (1, h, w), on a coarser raster over the live area."""

    rgb: Tensor
    error: Tensor


def recover(source_rgb: Tensor, live_area: Area, model: ChromaModel, shot: int) -> Recovered:
    """A recovered frame.

    Args:
        source_rgb: the whole raster in the working space, (3, H, W), unbounded.
        live_area: where the picture is. It lies a little inside the picture: a narrow rim around
            it takes the chroma of its edge, where it is as bright. What lies farther out is no
            picture and gets none.
        model: of this film.
        shot: of this frame.
    """
    y = luma(source_rgb)
    picture_rgb = crop(source_rgb, live_area)
    seen = model.inputs_of_frame(picture_rgb, shot)
    cbcr = model.predict_from(picture_rgb, seen)
    edge = _with_rim(torch.cat([crop(y, live_area), cbcr]), live_area, *y.shape[-2:])
    darker = (y / edge[:1].clamp_min(LEAST_LUMA)).clamp(0.0, 1.0) ** DARKER
    whole = torch.where(edge[:1] > y, edge[1:] * darker, edge[1:])
    recovered_rgb = ycbcr_to_rgb(torch.cat([y, limit_chroma(y, whole)]))
    return Recovered(recovered_rgb, model.predict_error(seen))


def _with_rim(picture: Tensor, live_area: Area, height: int, width: int) -> Tensor:
    """A picture (C, H, W) of the live area on the whole raster, its edge repeated over the rim."""
    before = (live_area.x, live_area.y)
    after = (width - live_area.x - live_area.width, height - live_area.y - live_area.height)
    rim = max(1, round(RIM * live_area.width))
    sides = [side for pair in zip(before, after, strict=True) for side in pair]
    inner = [min(side, rim) for side in sides]
    rimmed = functional.pad(picture[None], inner, mode="replicate")
    return functional.pad(rimmed, [side - near for side, near in zip(sides, inner, strict=True)])[0]
