"""Recovery of one frame: exact luma of the source, chroma of the model."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from threading import Lock

import torch
from torch import Tensor

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

    Args:
        source_rgb: the whole raster in the working space, (3, H, W), unbounded.
        live_area: of the source.
        model: of this film.
        shot: number of the frame's shot.
    """
    picture_rgb = crop(source_rgb, live_area)
    inputs = model.inputs_of_frame(picture_rgb, shot)
    with _turn():
        cbcr, error = model.predict_from(picture_rgb, inputs), model.predict_error(inputs)
    return RecoveredFrame(_with_chroma(source_rgb, live_area, cbcr), error)


def recover_rgb(source_rgb: Tensor, live_area: Area, model: ChromaModel, shot: int) -> Tensor:
    """The recovered frame of `recover` alone, also by a model that was not calibrated."""
    picture_rgb = crop(source_rgb, live_area)
    inputs = model.inputs_of_frame(picture_rgb, shot)
    with _turn():
        cbcr = model.predict_from(picture_rgb, inputs)
    return _with_chroma(source_rgb, live_area, cbcr)


def _with_chroma(source_rgb: Tensor, live_area: Area, cbcr: Tensor) -> Tensor:
    """A raster (3, H, W) with its luma and with the chroma (2, h, w) of its live area.

    The live area lies slightly inside the picture. A narrow rim around it takes the chroma of its
    edge, less where it is darker; the raster beyond the rim is no picture and gets no chroma.
    """
    whole_cbcr = _on_raster(cbcr, source_rgb, live_area)
    recovered_rgb = torch.empty_like(source_rgb)
    for lines in bands(*source_rgb.shape[-2:]):
        y = luma(source_rgb[:, lines])
        limited_cbcr = limit_chroma(y, whole_cbcr[:, lines])
        recovered_rgb[:, lines] = ycbcr_to_rgb(torch.cat([y, limited_cbcr]))
    return recovered_rgb


def _turn() -> AbstractContextManager[object]:
    return nullcontext() if network_device().type == "cpu" else _ACCELERATOR_TURN


def _on_raster(cbcr: Tensor, source_rgb: Tensor, live_area: Area) -> Tensor:
    """Chroma (2, H, W) of the raster (3, H, W), from that (2, h, w) of the live area: with the rim,
    and 0 beyond."""
    height, width = source_rgb.shape[-2:]
    top, left = live_area.y, live_area.x
    bottom, right = top + live_area.height, left + live_area.width
    if (live_area.height, live_area.width) == (height, width):
        return cbcr
    rim = max(1, round(RIM_SHARE * live_area.width))
    with_rims = slice(max(0, left - rim), right + rim)
    whole_cbcr = torch.zeros(2, height, width)
    whole_cbcr[:, top:bottom, left:right] = cbcr
    for lines, columns in (
        (slice(max(0, top - rim), top), with_rims),
        (slice(bottom, bottom + rim), with_rims),
        (slice(top, bottom), slice(with_rims.start, left)),
        (slice(top, bottom), slice(right, right + rim)),
    ):
        part_rgb = source_rgb[:, lines, columns]
        if part_rgb.numel():
            edge_lines = _indices(lines, height).clamp(top, bottom - 1)[:, None]
            edge_columns = _indices(columns, width).clamp(left, right - 1)
            edge_cbcr = cbcr[:, edge_lines - top, edge_columns - left]
            edge_y = luma(source_rgb[:, edge_lines, edge_columns])
            whole_cbcr[:, lines, columns] = _rim_chroma(luma(part_rgb), edge_cbcr, edge_y)
    return whole_cbcr


def _indices(part: slice, size: int) -> Tensor:
    return torch.arange(*part.indices(size))


def _rim_chroma(y: Tensor, edge_cbcr: Tensor, edge_y: Tensor) -> Tensor:
    """Chroma (2, n, m) of a part of the rim of luma (1, n, m), from chroma and luma of the nearest
    pixels of the live area's edge."""
    gain = (y / edge_y.clamp_min(MIN_LUMA)).clamp(0.0, 1.0) ** RIM_CHROMA_EXPONENT
    return torch.where(edge_y > y, edge_cbcr * gain, edge_cbcr)
