"""One recovered frame: the luma of the source, exactly, with the chroma of the model."""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.film.clip import Area
from unfade.geometry.crop import crop
from unfade.network import ChromaModel

RIM = 0.015
"""Of the live area's width: what its finding leaves outside for weave and rounded corners."""


def recover(source_rgb: Tensor, live_area: Area, model: ChromaModel, shot: int) -> Tensor:
    """A recovered frame.

    Args:
        source_rgb: the whole raster in the working space, (3, H, W), unbounded.
        live_area: where the picture is. It lies a little inside the picture: a narrow rim around
            it takes the chroma of its edge. What lies farther out is no picture and gets none.
        model: of this film.
        shot: of this frame.

    Returns:
        (3, H, W) in the working space, not below zero where the luma is not.
    """
    y = luma(source_rgb)
    cbcr = model.predict(crop(source_rgb, live_area), shot)
    whole = limit_chroma(y, _with_rim(cbcr, live_area, *y.shape[-2:]))
    return ycbcr_to_rgb(torch.cat([y, whole]))


def _with_rim(cbcr: Tensor, live_area: Area, height: int, width: int) -> Tensor:
    """Chroma of the live area on the whole raster, (2, height, width)."""
    before = (live_area.x, live_area.y)
    after = (width - live_area.x - live_area.width, height - live_area.y - live_area.height)
    rim = max(1, round(RIM * live_area.width))
    sides = [side for pair in zip(before, after, strict=True) for side in pair]
    inner = [min(side, rim) for side in sides]
    rimmed = functional.pad(cbcr[None], inner, mode="replicate")
    return functional.pad(rimmed, [side - near for side, near in zip(sides, inner, strict=True)])[0]
