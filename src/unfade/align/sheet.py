"""The sheet of a pair, for review of its alignment."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unfade.align.transform.control_points import PointTransform
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

_PANEL_PX = 640
"""Width of a panel."""
_CROP_WIDTH_PX = 960
"""Width of the frame that shows the shared crop."""
_MARGIN_PX = 28
"""Space around the sheet."""
_GAP_PX = 14
"""Space between panels."""
_HEADER_PX = 80
"""Height of the title and the remark."""
_CAPTION_PX = 30
"""Height of a caption."""
_CHECKERBOARD_FIELDS = 12
"""Number of fields of the checkerboard across: small enough to follow an edge through several
fields."""
_CROP_RGB = (1.0, 0.69, 0.18)
"""Colour of the crop's outline."""
_POINT_RGB = (0.2, 1.0, 0.5)
"""Colour of control points."""
_POINT_ARM_PX = 6
"""Length of an arm of a control point's cross."""
_LOW_CONFIDENCE_RGB = (0.9, 0.1, 0.5)
"""Colour over areas of low confidence."""


@dataclass(frozen=True)
class Panels:
    """Small pictures of a pair, (3, h, w) of equal size."""

    source: Tensor
    reference: Tensor
    colour: Tensor
    weight: Tensor


def shrink(
    source: np.ndarray, reference: np.ndarray, colour: np.ndarray, weight: np.ndarray
) -> Panels:
    """The panels of a pair.

    Args:
        source: equalised luma, uint8 (H, W).
        reference: equalised luma of the warped reference, uint8 (H, W).
        colour: the warped reference, float32 (H, W, 3).
        weight: confidence, float32 (H, W).
    """
    height = round(source.shape[0] * _PANEL_PX / source.shape[1])

    planes = np.stack([source / np.float32(255), reference / np.float32(255), weight])
    small = fit(torch.from_numpy(planes), height, _PANEL_PX)
    small_colour = fit(torch.from_numpy(colour).permute(2, 0, 1), height, _PANEL_PX)
    small_source, small_reference, small_weight = (plane.expand(3, -1, -1) for plane in small)
    return Panels(small_source, small_reference, small_colour, small_weight)


def draw_sheet(
    title: str,
    remark: str,
    panels: Panels,
    crop: Area | None,
    width: int,
    points: PointTransform | None = None,
) -> Tensor:
    """The sheet of a pair, (3, H, W).

    Args:
        title: names the pair.
        remark: the measurements, or the reason of the rejection.
        panels: panels of the pair.
        crop: area that the reference covers, in pixels of the source's live area.
        width: width of the source's live area, in pixels.
        points: the transform by control points, if there are any.
    """
    height = panels.source.shape[1]
    sheet = blank_canvas(
        _HEADER_PX + 2 * (height + _CAPTION_PX) + _GAP_PX, 2 * _MARGIN_PX + 2 * _PANEL_PX + _GAP_PX
    )
    set_text(sheet, title, _MARGIN_PX, 38, size=20)
    set_text(sheet, remark, _MARGIN_PX, 62, shade=FAINT_LEVEL)
    pictures = (
        (
            _checkerboard(panels.source, panels.reference),
            "checkerboard of equalised luma, source and reference",
        ),
        ((panels.source - panels.reference).abs(), "difference of equalised luma"),
        (
            _with_tint(panels.colour, panels.weight),
            "reference; low confidence is tinted",
        ),
        (panels.weight, "confidence"),
    )
    for index, (picture, caption) in enumerate(pictures):
        x = _MARGIN_PX + (index % 2) * (_PANEL_PX + _GAP_PX)
        y = _HEADER_PX + (index // 2) * (height + _CAPTION_PX)
        paste(sheet, picture, x, y)
        if crop is not None:
            draw_line(sheet, _outline(crop, x, y, _PANEL_PX / width), _CROP_RGB)
        if points is not None and index % 2 == 0:
            _draw_points(sheet, points, x, y, _PANEL_PX / width)
        set_text(sheet, caption, x, y + height + 18, size=12, shade=FAINT_LEVEL)
    return sheet


def draw_crop(frame: int, picture: Tensor, covered: list[Area], crop: Area) -> Tensor:
    """The part of a source frame that all pairs cover, (3, H, W).

    Args:
        frame: number of the frame.
        picture: its live area, (3, h, w).
        covered: areas that the pairs cover.
        crop: area that all pairs cover.
    """
    small = fit_width(picture, _CROP_WIDTH_PX)
    height = small.shape[1]
    sheet = blank_canvas(_HEADER_PX + height + _MARGIN_PX, 2 * _MARGIN_PX + _CROP_WIDTH_PX)
    set_text(sheet, f"Shared crop, on source frame {frame}", _MARGIN_PX, 38, size=20)
    caption = f"{crop.width} x {crop.height} px from ({crop.x}, {crop.y}); grey: what a pair covers"
    set_text(sheet, caption, _MARGIN_PX, 62, shade=FAINT_LEVEL)
    paste(sheet, small, _MARGIN_PX, _HEADER_PX)
    scale = _CROP_WIDTH_PX / picture.shape[2]
    for area in {*covered}:
        draw_line(sheet, _outline(area, _MARGIN_PX, _HEADER_PX, scale))
    draw_line(sheet, _outline(crop, _MARGIN_PX, _HEADER_PX, scale), _CROP_RGB, width=2)
    return sheet


def _draw_points(sheet: Tensor, points: PointTransform, x: int, y: int, scale: float) -> None:
    """Draws a cross at each control point of the source, with its number and a line to where the
    reference's point lies."""
    corner = np.array([x, y])
    for number, (source, placed) in enumerate(zip(points.source, points.placed, strict=True), 1):
        (across, down), there = corner + (source + 0.5) * scale, corner + (placed + 0.5) * scale
        for arm in ((_POINT_ARM_PX, 0), (0, _POINT_ARM_PX)):
            ends = [(across - arm[0], down - arm[1]), (across + arm[0], down + arm[1])]
            draw_line(sheet, ends, _POINT_RGB)
        draw_line(sheet, [(across, down), (there[0], there[1])], _POINT_RGB)
        # Twice, dark and light, to be legible on any picture.
        for shade, offset in ((0.0, 1), (1.0, 0)):
            left, base = round(across) + _POINT_ARM_PX + offset, round(down) - 3 + offset
            set_text(sheet, f"{number}", left, base, size=12, shade=shade)


def _checkerboard(one: Tensor, other: Tensor) -> Tensor:
    side = one.shape[2] / _CHECKERBOARD_FIELDS
    rows = (torch.arange(one.shape[1]) / side).floor()[:, None]
    columns = (torch.arange(one.shape[2]) / side).floor()
    return torch.where((rows + columns) % 2 == 0, one, other)


def _with_tint(colour: Tensor, weight: Tensor) -> Tensor:
    tint = torch.tensor(_LOW_CONFIDENCE_RGB)[:, None, None]
    return torch.lerp(colour, tint.expand_as(colour), 0.75 * (1 - weight))


def _outline(area: Area, x: int, y: int, scale: float) -> list[tuple[float, float]]:
    left, top = x + area.x * scale, y + area.y * scale
    right, bottom = left + area.width * scale - 1, top + area.height * scale - 1
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
