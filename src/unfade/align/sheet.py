"""The sheet of one pair: whether the reference lies where it should."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unfade.drawing.canvas import (
    FAINT_LEVEL,
    blank_canvas,
    draw_line,
    fit,
    fit_width,
    paste,
    set_text,
)
from unfade.film.clip import Area

_PANEL = 640
"""Pixels across of a panel."""
_CROP_WIDTH = 960
"""Pixels across of the frame that shows the shared crop."""
_MARGIN = 28
_GAP = 14
_HEADER = 80
_CAPTION = 30
_CHECKS = 12
"""Fields of the checkerboard across."""
_CROP = (1.0, 0.69, 0.18)
_DOUBT = (0.9, 0.1, 0.5)


@dataclass(frozen=True)
class Panels:
    """What a sheet shows of a pair, in small: all (3, h, w) of one size."""

    source: Tensor
    reference: Tensor
    colour: Tensor
    weight: Tensor


def shrink(
    source: np.ndarray, reference: np.ndarray, colour: np.ndarray, weight: np.ndarray
) -> Panels:
    """Panels of a pair.

    Args:
        source: structure, uint8 (H, W).
        reference: structure of the laid reference, the same.
        colour: the laid reference, float32 (H, W, 3).
        weight: float32 (H, W).
    """
    height = round(source.shape[0] * _PANEL / source.shape[1])

    def small(picture: np.ndarray) -> Tensor:
        pixels = torch.from_numpy(np.ascontiguousarray(picture, np.float32))
        pixels = pixels.permute(2, 0, 1) if pixels.dim() == 3 else pixels.expand(3, -1, -1)
        return fit(pixels.contiguous(), height, _PANEL)

    return Panels(small(source / 255.0), small(reference / 255.0), small(colour), small(weight))


def draw_sheet(title: str, remark: str, panels: Panels, crop: Area | None, width: int) -> Tensor:
    """A sheet, (3, H, W).

    Args:
        title: which pair it is.
        remark: what was measured, or why it was turned down.
        panels: of the pair.
        crop: what the reference covers, in pixels of the source's live area.
        width: of the source's live area, in pixels.
    """
    height = panels.source.shape[1]
    sheet = blank_canvas(_HEADER + 2 * (height + _CAPTION) + _GAP, 2 * _MARGIN + 2 * _PANEL + _GAP)
    set_text(sheet, title, _MARGIN, 38, size=20)
    set_text(sheet, remark, _MARGIN, 62, shade=FAINT_LEVEL)
    pictures = (
        (
            _checkerboard(panels.source, panels.reference),
            "wipe of structure, source and reference in turn",
        ),
        ((panels.source - panels.reference).abs(), "difference of structure"),
        (
            _doubted(panels.colour, panels.weight),
            "reference; coloured over where it is not trusted",
        ),
        (panels.weight, "weight"),
    )
    for place, (picture, caption) in enumerate(pictures):
        x = _MARGIN + (place % 2) * (_PANEL + _GAP)
        y = _HEADER + (place // 2) * (height + _CAPTION)
        paste(sheet, picture, x, y)
        if crop is not None:
            draw_line(sheet, _outline(crop, x, y, _PANEL / width), _CROP)
        set_text(sheet, caption, x, y + height + 18, size=12, shade=FAINT_LEVEL)
    return sheet


def draw_crop(frame: int, picture: Tensor, covered: list[Area], crop: Area) -> Tensor:
    """The part of a source frame that all pairs cover, (3, H, W).

    Args:
        frame: its number.
        picture: its live area, (3, h, w).
        covered: what each pair covers.
        crop: what all of them do.
    """
    small = fit_width(picture, _CROP_WIDTH)
    height = small.shape[1]
    sheet = blank_canvas(_HEADER + height + _MARGIN, 2 * _MARGIN + _CROP_WIDTH)
    set_text(sheet, f"Shared crop, on source frame {frame}", _MARGIN, 38, size=20)
    words = f"{crop.width} x {crop.height} px from ({crop.x}, {crop.y}); grey: what a pair covers"
    set_text(sheet, words, _MARGIN, 62, shade=FAINT_LEVEL)
    paste(sheet, small, _MARGIN, _HEADER)
    scale = _CROP_WIDTH / picture.shape[2]
    for area in {*covered}:
        draw_line(sheet, _outline(area, _MARGIN, _HEADER, scale))
    draw_line(sheet, _outline(crop, _MARGIN, _HEADER, scale), _CROP, width=2)
    return sheet


def _checkerboard(one: Tensor, other: Tensor) -> Tensor:
    side = one.shape[2] / _CHECKS
    rows = (torch.arange(one.shape[1]) / side).floor()[:, None]
    columns = (torch.arange(one.shape[2]) / side).floor()
    return torch.where((rows + columns) % 2 == 0, one, other)


def _doubted(colour: Tensor, weight: Tensor) -> Tensor:
    tint = torch.tensor(_DOUBT)[:, None, None]
    return torch.lerp(colour, tint.expand_as(colour), 0.75 * (1 - weight))


def _outline(area: Area, x: int, y: int, scale: float) -> list[tuple[float, float]]:
    left, top = x + area.x * scale, y + area.y * scale
    right, bottom = left + area.width * scale - 1, top + area.height * scale - 1
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
