"""One recovered frame: the luma of the source, exactly, with the chroma of the model."""

import torch
from torch import Tensor

from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.film.clip import Area
from unfade.geometry.crop import crop
from unfade.network import ChromaModel


def recover(source_rgb: Tensor, live_area: Area, model: ChromaModel, shot: int) -> Tensor:
    """A recovered frame.

    Args:
        source_rgb: the whole raster in the working space, (3, H, W), unbounded.
        live_area: where the picture is. What lies outside it loses its chroma, which is that of
            faded borders, and keeps its luma.
        model: of this film.
        shot: of this frame.

    Returns:
        (3, H, W) in the working space, not below zero where the luma is not.
    """
    y = luma(source_rgb)
    cbcr = torch.zeros_like(source_rgb[:2])
    rows = slice(live_area.y, live_area.y + live_area.height)
    columns = slice(live_area.x, live_area.x + live_area.width)
    cbcr[:, rows, columns] = model.predict(crop(source_rgb, live_area), shot)
    return ycbcr_to_rgb(torch.cat([y, cbcr]))
