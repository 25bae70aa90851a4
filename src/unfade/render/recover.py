"""Recovery of one frame: exact luma of the source, chroma of the model."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from threading import Lock

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.film.clip import Area
from unfade.geometry.bands import bands
from unfade.geometry.crop import crop
from unfade.model import ChromaModel
from unfade.model.chroma_model import ErrorMap
from unfade.model.device import network_device

RIM_SHARE = 0.015
"""Width of the rim around the live area, as a share of its width: the picture that the detection of
the live area leaves out because of weave and rounded corners."""

RIM_CHROMA_EXPONENT = 2
"""Exponent of the fall of chroma in the rim, on the ratio of a pixel's luma to the edge's: much
darker pixels belong to the frame line, not to the picture."""

MIN_LUMA = 1e-3
"""Smallest luma of the edge in that ratio, to avoid division by zero."""

_ACCELERATOR_TURN = Lock()
"""Held while a frame is on an accelerator, so that its memory holds one frame at a time."""


@dataclass(frozen=True)
class RecoveredFrame:
    """A recovered frame with its predicted error over the live area.

    `rgb` is (3, H, W) in the working space; no component is negative where luma is not.
    """

    rgb: Tensor
    error: ErrorMap


def recover(source_rgb: Tensor, live_area: Area, model: ChromaModel, shot: int) -> RecoveredFrame:
    """Recovers the colour of a frame; several threads may do so at a time.

    The live area lies slightly inside the picture. A narrow rim around it takes the chroma of its
    edge, less where it is darker; the raster beyond the rim is no picture and gets no chroma.

    Args:
        source_rgb: the whole raster in the working space, (3, H, W), unbounded.
        live_area: of the source.
        model: of this film.
        shot: number of the frame's shot.
    """
    cbcr, error = _predict(crop(source_rgb, live_area), model, shot)
    recovered_rgb = torch.empty_like(source_rgb)
    for band in bands(*source_rgb.shape[-2:]):
        lines = torch.arange(band.start, band.stop)
        y = luma(source_rgb[:, band])
        whole_cbcr = _chroma_of_lines(lines, y, source_rgb, cbcr, live_area)
        recovered_rgb[:, band] = ycbcr_to_rgb(torch.cat([y, limit_chroma(y, whole_cbcr)]))
    return RecoveredFrame(recovered_rgb, error)


def _predict(picture_rgb: Tensor, model: ChromaModel, shot: int) -> tuple[Tensor, ErrorMap]:
    """Chroma (2, h, w) of a live area (3, h, w), and its predicted error."""
    inputs = model.inputs_of_frame(picture_rgb, shot)
    with _turn():
        return model.predict_from(picture_rgb, inputs), model.predict_error(inputs)


def _turn() -> AbstractContextManager[object]:
    return nullcontext() if network_device().type == "cpu" else _ACCELERATOR_TURN


def _chroma_of_lines(
    lines: Tensor, y: Tensor, source_rgb: Tensor, cbcr: Tensor, live_area: Area
) -> Tensor:
    """Chroma (2, n, W) of n lines of the raster, with the rim around the live area.

    Args:
        lines: their numbers, (n,).
        y: their luma, (1, n, W).
        source_rgb: the whole raster, (3, H, W).
        cbcr: of the live area, (2, h, w).
        live_area: of the source.
    """
    if (live_area.width, live_area.height) == (source_rgb.shape[-1], source_rgb.shape[-2]):
        return cbcr[:, lines[0] : lines[-1] + 1]
    edge_lines = lines.clamp(live_area.y, live_area.y + live_area.height - 1)
    edge_rgb = source_rgb[:, edge_lines, live_area.x : live_area.x + live_area.width]
    edge = torch.cat([luma(edge_rgb), cbcr[:, edge_lines - live_area.y]])
    rim = max(1, round(RIM_SHARE * live_area.width))
    edge = _with_rim_beside(edge, live_area, rim, source_rgb.shape[-1])
    edge[:, (lines - edge_lines).abs() > rim] = 0.0
    edge_y, edge_cbcr = edge[:1], edge[1:]
    gain = (y / edge_y.clamp_min(MIN_LUMA)).clamp(0.0, 1.0) ** RIM_CHROMA_EXPONENT
    return torch.where(edge_y > y, edge_cbcr * gain, edge_cbcr)


def _with_rim_beside(lines: Tensor, live_area: Area, rim: int, width: int) -> Tensor:
    """Lines (C, n, w) of the live area on the raster: edge replicated in the rim, 0 beyond."""
    margins = (live_area.x, width - live_area.x - live_area.width)
    rims = [min(margin, rim) for margin in margins]
    with_rim = functional.pad(lines[None], (*rims, 0, 0), mode="replicate")
    return functional.pad(with_rim, [m - r for m, r in zip(margins, rims, strict=True)])[0]
