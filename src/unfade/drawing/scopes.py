"""Scopes: where the luma and the chroma of a picture lie.

Sources: ITU-R BT.709-6 for luma and chroma; SMPTE EG 1-1990 for 75 % colour bars; the skin-tone
line is the +I axis of NTSC, 123 degrees from +Cb.
"""

import math

import torch
from torch import Tensor

from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.drawing.canvas import FAINT, draw_line, ground, lay, set_text

LOWEST, HIGHEST = -0.05, 1.1
"""The values at the lower and upper edge of a waveform."""

SKIN_DEGREES = 123.0
"""Direction of skin of every complexion, from +Cb towards +Cr."""

REACH = 0.55
"""The chroma at the edge of a vectorscope; 0.5 is the greatest of Rec.709."""

TARGETS = {
    "R": (0.75, 0.0, 0.0),
    "Mg": (0.75, 0.0, 0.75),
    "B": (0.0, 0.0, 0.75),
    "Cy": (0.0, 0.75, 0.75),
    "G": (0.0, 0.75, 0.0),
    "Yl": (0.75, 0.75, 0.0),
}
"""R'G'B' of 75 % colour bars."""

TARGET_SIZE = 0.025
"""Half the side of a target's box, as chroma."""

TRACE_LUMA = 0.62
"""Luma at which the trace of a vectorscope shows its own hue."""

FAINT_TRACE = 0.7
"""Exponent on the opacity of a trace; below 1 lifts what is rare."""

_GUTTER = 38
"""Room for the numbers of a scale, in pixels."""


def waveform(picture: Tensor, height: int = 300, width: int = 470) -> Tensor:
    """The luma of each column of a picture.

    Args:
        picture: (3, H, W), working space.
        height: of the result, in pixels.
        width: of the result, in pixels.

    Returns:
        (3, height, width).
    """
    scope = _waveform_ground(height, width)
    trace = _column_density(luma(picture)[0], height, width - _GUTTER)
    scope[:, :, _GUTTER:] = _expose(scope[:, :, _GUTTER:], trace, (0.86, 0.9, 0.86))
    return scope


def parade(picture: Tensor, height: int = 300, width: int = 470) -> Tensor:
    """R', G' and B' of each column of a picture (3, H, W), side by side: (3, height, width)."""
    scope = _waveform_ground(height, width)
    third = (width - _GUTTER) // 3
    colours = ((0.95, 0.35, 0.32), (0.38, 0.85, 0.42), (0.42, 0.55, 1.0))
    for channel, colour in enumerate(colours):
        left = _GUTTER + channel * third
        trace = _column_density(picture[channel], height, third - 6)
        part = scope[:, :, left : left + third - 6]
        scope[:, :, left : left + third - 6] = _expose(part, trace, colour)
    return scope


def vectorscope(picture: Tensor, size: int = 300) -> Tensor:
    """The chroma of a picture, +Cb to the right and +Cr up.

    Args:
        picture: (3, H, W), working space.
        size: of each side of the result, in pixels.

    Returns:
        (3, size, size), with the 75 % colour bars' targets, the skin-tone line and the centre.
    """
    _, cb, cr = rgb_to_ycbcr(picture)
    inside = (cb.abs() < REACH) & (cr.abs() < REACH)
    x = ((cb[inside] / REACH + 1) / 2 * size).long().clamp(max=size - 1)
    y = ((1 - cr[inside] / REACH) / 2 * size).long().clamp(max=size - 1)
    density = torch.bincount(y * size + x, minlength=size * size).reshape(size, size)

    axis = ((torch.arange(size) + 0.5) / size * 2 - 1) * REACH
    cb_grid, cr_grid = axis.expand(size, size), -axis[:, None].expand(size, size)
    hues = torch.stack([torch.full((size, size), TRACE_LUMA), cb_grid, cr_grid])
    scope = ground(size, size)
    _draw_vector_graticule(scope, size)
    shown = _brightness(density)
    return scope + shown * (ycbcr_to_rgb(hues).clamp(0.0, 1.0) - scope)


def scope_strip(picture: Tensor, height: int = 300) -> Tensor:
    """Waveform, parade and vectorscope of a picture, side by side."""
    gap = 16
    scopes = [waveform(picture, height), parade(picture, height), vectorscope(picture, height)]
    strip = ground(height, sum(scope.shape[-1] for scope in scopes) + gap * (len(scopes) - 1))
    left = 0
    for scope in scopes:
        lay(strip, scope, left, 0)
        left += scope.shape[-1] + gap
    return strip


def _column_density(values: Tensor, height: int, width: int) -> Tensor:
    """How much of `values` (H, W) falls on each pixel of a waveform: (height, width).

    A value between two rows counts for both in proportion, so that the steps of 8-bit pictures
    leave no gaps.
    """
    if values.shape[-1] < width:
        values = values[:, torch.arange(width) * values.shape[-1] // width]
    columns = (torch.arange(values.shape[-1]) * width // values.shape[-1]).expand_as(values)
    level = _level_to_row(values, height)
    upper = level.floor()
    density = torch.zeros(height * width)
    for row, share in ((upper, 1 - (level - upper)), (upper + 1, level - upper)):
        inside = (row >= 0) & (row < height)
        places = row[inside].long() * width + columns[inside]
        density += torch.bincount(places, share[inside], minlength=height * width)
    per_column = torch.bincount(columns[0], minlength=width)
    return density.reshape(height, width) / per_column * per_column.float().mean()


def _level_to_row(level: Tensor, height: int) -> Tensor:
    return (HIGHEST - level) / (HIGHEST - LOWEST) * (height - 1)


def _waveform_ground(height: int, width: int) -> Tensor:
    scope = ground(height, width)
    for percent in (0, 25, 50, 75, 100):
        row = float(_level_to_row(torch.tensor(percent / 100), height))
        opacity = 0.55 if percent in (0, 100) else 0.25
        draw_line(scope, [(_GUTTER, row), (width - 1, row)], opacity=opacity)
        set_text(
            scope, str(percent), _GUTTER - 8, round(row) + 5, size=13, shade=FAINT, anchor="right"
        )
    return scope


def _draw_vector_graticule(scope: Tensor, size: int) -> None:
    def place(cb: float, cr: float) -> tuple[float, float]:
        return ((cb / REACH + 1) / 2 * size - 0.5, (1 - cr / REACH) / 2 * size - 0.5)

    turn = [math.radians(degrees) for degrees in range(0, 361, 3)]
    draw_line(scope, [place(0.5 * math.cos(a), 0.5 * math.sin(a)) for a in turn], opacity=0.35)
    for arm in ((0.04, 0.0), (0.0, 0.04)):
        draw_line(scope, [place(-arm[0], -arm[1]), place(*arm)], opacity=0.8)
    skin = math.radians(SKIN_DEGREES)
    draw_line(scope, [place(0, 0), place(0.5 * math.cos(skin), 0.5 * math.sin(skin))], opacity=0.7)
    for name, rgb in TARGETS.items():
        _, cb, cr = rgb_to_ycbcr(torch.tensor(rgb).reshape(3, 1, 1)).flatten().tolist()
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
        box = [place(cb + TARGET_SIZE * x, cr + TARGET_SIZE * y) for x, y in corners]
        draw_line(scope, box, opacity=0.8)
        away = 1 + 0.075 / math.hypot(cb, cr)
        x, y = place(cb * away, cr * away)
        set_text(scope, name, round(x), round(y) + 5, size=13, shade=FAINT, anchor="middle")


def _expose(part: Tensor, density: Tensor, colour: tuple[float, float, float]) -> Tensor:
    """A trace of a colour over a part of a scope."""
    return part + _brightness(density) * (torch.tensor(colour)[:, None, None] - part)


def _brightness(density: Tensor) -> Tensor:
    """Counts as opacity, 0 to 1, logarithmic so that the rare is seen beside the common."""
    shown = torch.log1p(density.float())
    return (shown / shown.max().clamp_min(1.0)) ** FAINT_TRACE
