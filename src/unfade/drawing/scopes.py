"""Scopes: waveform, parade and vectorscope of a picture.

Sources: ITU-R BT.709-6 for luma and chroma; SMPTE EG 1-1990 for 75 % colour bars; the skin-tone
line is the +I axis of NTSC, 123 degrees from +Cb.
"""

import math

import torch
from torch import Tensor

from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.drawing.canvas import FAINT_LEVEL, blank_canvas, draw_line, paste, set_text
from unfade.geometry.bands import bands

WAVEFORM_MIN, WAVEFORM_MAX = -0.05, 1.1
"""Values at the lower and upper edge of a waveform: 0 to 1 and some room for what lies outside."""

SKIN_TONE_DEGREES = 123.0
"""Direction of skin tones of every complexion, in degrees from +Cb towards +Cr."""

MAX_CHROMA = 0.55
"""Cb or Cr at the edge of a vectorscope: a little beyond 0.5, the greatest of Rec.709."""

COLOUR_BARS = {
    "R": (0.75, 0.0, 0.0),
    "Mg": (0.75, 0.0, 0.75),
    "B": (0.0, 0.0, 0.75),
    "Cy": (0.0, 0.75, 0.75),
    "G": (0.0, 0.75, 0.0),
    "Yl": (0.75, 0.75, 0.0),
}
"""R'G'B' of 75 % colour bars, by the labels of a vectorscope's targets."""

TARGET_HALF_SIDE = 0.025
"""Half the side of a target's box, in Cb and Cr: small beside the distance of two targets."""

TRACE_LUMA = 0.62
"""Luma of the trace of a vectorscope: bright, yet within the gamut for most of its hues."""

TRACE_EXPONENT = 0.7
"""Exponent on the opacity of a trace: below 1, so that few pixels still leave a visible trace."""

REGION_MAGNIFICATION = 3.0
"""Magnification of the vectorscope of a region: the chroma of faces, up to a sixth of the range,
then fills half of it."""

_SCALE_WIDTH_PX = 38
"""Width of the scale at the left of a waveform: three digits and a margin."""


def waveform(picture: Tensor, height: int = 300, width: int = 470) -> Tensor:
    """The distribution of luma in each column of a picture.

    Args:
        picture: (3, H, W), working space.
        height: of the result, in pixels.
        width: of the result, in pixels.

    Returns:
        (3, height, width).
    """
    scope = _waveform_graticule(height, width)
    trace = _column_density(luma(picture)[0], height, width - _SCALE_WIDTH_PX)
    scope[:, :, _SCALE_WIDTH_PX:] = _with_trace(
        scope[:, :, _SCALE_WIDTH_PX:], trace, (0.86, 0.9, 0.86)
    )
    return scope


def parade(picture: Tensor, height: int = 300, width: int = 470) -> Tensor:
    """Waveforms of R', G' and B' of a picture (3, H, W), side by side: (3, height, width)."""
    scope = _waveform_graticule(height, width)
    third = (width - _SCALE_WIDTH_PX) // 3
    colours = ((0.95, 0.35, 0.32), (0.38, 0.85, 0.42), (0.42, 0.55, 1.0))
    for channel, colour in enumerate(colours):
        left = _SCALE_WIDTH_PX + channel * third
        trace = _column_density(picture[channel], height, third - 6)
        part = scope[:, :, left : left + third - 6]
        scope[:, :, left : left + third - 6] = _with_trace(part, trace, colour)
    return scope


def vectorscope(picture: Tensor, size: int = 300, magnification: float = 1.0) -> Tensor:
    """The distribution of chroma in a picture, +Cb to the right and +Cr up.

    Args:
        picture: (3, H, W), working space.
        size: of each side of the result, in pixels.
        magnification: of chroma; above 1 for colours near the centre, such as those of a face.

    Returns:
        (3, size, size), with the targets of 75 % colour bars that lie inside, the skin-tone line
        and the centre.
    """
    edge = MAX_CHROMA / magnification
    parts = [_chroma_density(picture[:, lines], size, edge) for lines in bands(*picture.shape[-2:])]
    density = torch.stack(parts).sum(dim=0)

    axis = ((torch.arange(size) + 0.5) / size * 2 - 1) * edge
    cb_grid, cr_grid = axis.expand(size, size), -axis[:, None].expand(size, size)
    hues = torch.stack([torch.full((size, size), TRACE_LUMA), cb_grid, cr_grid])
    scope = blank_canvas(size, size)
    _draw_vectorscope_graticule(scope, size, magnification)
    return scope + _opacity(density) * (ycbcr_to_rgb(hues).clamp(0.0, 1.0) - scope)


def chroma_to_point(
    cb: float, cr: float, size: int, magnification: float = 1.0
) -> tuple[float, float]:
    """The position (x, y) of a chroma on a vectorscope, in pixels, with pixel centres at whole
    numbers."""
    edge = MAX_CHROMA / magnification
    return (cb / edge + 1) / 2 * size - 0.5, (1 - cr / edge) / 2 * size - 0.5


def scope_strip(picture: Tensor, height: int = 300) -> Tensor:
    """Waveform, parade and vectorscope of a picture, side by side."""
    gap = 16
    scopes = [waveform(picture, height), parade(picture, height), vectorscope(picture, height)]
    strip = blank_canvas(height, sum(scope.shape[-1] for scope in scopes) + gap * (len(scopes) - 1))
    left = 0
    for scope in scopes:
        paste(strip, scope, left, 0)
        left += scope.shape[-1] + gap
    return strip


def _column_density(values: Tensor, height: int, width: int) -> Tensor:
    """Number of `values` (H, W) in each pixel of a waveform (height, width).

    A value between two rows is split linearly between them, so that the code values of 8-bit
    pictures leave no gaps.
    """
    if values.shape[-1] < width:
        values = values[:, torch.arange(width) * values.shape[-1] // width]
    columns = torch.arange(values.shape[-1]) * width // values.shape[-1]
    size = (height + 2) * width
    density = torch.zeros(size)
    for lines in bands(*values.shape):
        # Row 0 and the last row collect what lies outside.
        level = (_level_to_row(values[lines], height) + 1).nan_to_num(0.0).clamp(0.0, height + 1)
        upper = level.long()
        lower_part = (level - upper).flatten()
        indices = (upper * width + columns).flatten()
        density += torch.bincount(indices, 1 - lower_part, minlength=size)
        density += torch.bincount((indices + width).clamp_max(size - 1), lower_part, minlength=size)
    density = density[width : (height + 1) * width]
    per_column = torch.bincount(columns, minlength=width)
    return density.reshape(height, width) / per_column * per_column.float().mean()


def _chroma_density(picture: Tensor, size: int, edge: float) -> Tensor:
    """Number of pixels of a picture (3, H, W) in each pixel of a vectorscope (size, size) that
    ends at `edge` of Cb and Cr."""
    _, cb, cr = rgb_to_ycbcr(picture)
    inside = (cb.abs() < edge) & (cr.abs() < edge)
    x = ((cb[inside] / edge + 1) / 2 * size).long().clamp(max=size - 1)
    y = ((1 - cr[inside] / edge) / 2 * size).long().clamp(max=size - 1)
    return torch.bincount(y * size + x, minlength=size * size).reshape(size, size)


def _level_to_row(level: Tensor, height: int) -> Tensor:
    return (WAVEFORM_MAX - level) / (WAVEFORM_MAX - WAVEFORM_MIN) * (height - 1)


def _waveform_graticule(height: int, width: int) -> Tensor:
    scope = blank_canvas(height, width)
    for percent in (0, 25, 50, 75, 100):
        row = float(_level_to_row(torch.tensor(percent / 100), height))
        opacity = 0.55 if percent in (0, 100) else 0.25
        draw_line(scope, [(_SCALE_WIDTH_PX, row), (width - 1, row)], opacity=opacity)
        set_text(
            scope,
            str(percent),
            _SCALE_WIDTH_PX - 8,
            round(row) + 5,
            size=13,
            shade=FAINT_LEVEL,
            anchor="right",
        )
    return scope


def _draw_vectorscope_graticule(scope: Tensor, size: int, magnification: float) -> None:
    def point(cb: float, cr: float) -> tuple[float, float]:
        return chroma_to_point(cb, cr, size, magnification)

    edge = MAX_CHROMA / magnification
    radius = min(0.5, 0.9 * edge)
    angles = [math.radians(degrees) for degrees in range(0, 361, 3)]
    circle = [point(radius * math.cos(a), radius * math.sin(a)) for a in angles]
    draw_line(scope, circle, opacity=0.35)
    arm = 0.04 / magnification
    for end in ((arm, 0.0), (0.0, arm)):
        draw_line(scope, [point(-end[0], -end[1]), point(*end)], opacity=0.8)
    skin = math.radians(SKIN_TONE_DEGREES)
    line = [point(0, 0), point(radius * math.cos(skin), radius * math.sin(skin))]
    draw_line(scope, line, opacity=0.7)
    for name, rgb in COLOUR_BARS.items():
        _, cb, cr = rgb_to_ycbcr(torch.tensor(rgb).reshape(3, 1, 1)).flatten().tolist()
        if max(abs(cb), abs(cr)) + TARGET_HALF_SIDE > edge:
            continue
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
        box = [point(cb + TARGET_HALF_SIDE * x, cr + TARGET_HALF_SIDE * y) for x, y in corners]
        draw_line(scope, box, opacity=0.8)
        label_distance = 1 + 0.075 / math.hypot(cb, cr)
        x, y = point(cb * label_distance, cr * label_distance)
        set_text(scope, name, round(x), round(y) + 5, size=13, shade=FAINT_LEVEL, anchor="middle")
    if magnification != 1.0:
        set_text(scope, f"x {magnification:g}", 8, size - 8, size=13, shade=FAINT_LEVEL)


def _with_trace(part: Tensor, density: Tensor, colour: tuple[float, float, float]) -> Tensor:
    """A part of a scope with a trace of one colour over it."""
    return part + _opacity(density) * (torch.tensor(colour)[:, None, None] - part)


def _opacity(density: Tensor) -> Tensor:
    """Counts as opacity, 0 to 1: logarithmic, so that rare values stay visible."""
    logarithm = torch.log1p(density.float())
    return (logarithm / logarithm.max().clamp_min(1.0)) ** TRACE_EXPONENT
