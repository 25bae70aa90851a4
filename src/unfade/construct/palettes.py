"""Colours that most films share, with published values, and their conversion."""

import torch
from torch import Tensor

from unfade.film.construction import Palette, PaletteColour, srgb_codes
from unfade.film.working_space import WORKING_GAMMA

_CHART = "ColorChecker Classic, patch {}: sRGB values that its maker, X-Rite, publishes"

PUBLISHED = Palette(
    colour=tuple(
        PaletteColour(name=name, colour=colour, source=_CHART.format(patch))
        for name, colour, patch in (
            ("dark skin", "#735244", "1, dark skin"),
            ("light skin", "#c29682", "2, light skin"),
            ("sky", "#627a9d", "3, blue sky"),
            ("foliage", "#576c43", "4, foliage"),
            ("white", "#f3f3f2", "19, white"),
            ("grey", "#a0a0a0", "21, neutral 6.5"),
            ("black", "#343434", "24, black"),
        )
    )
)
"""Memory colours and neutrals. Skin, foliage and sky differ from scene to scene; a colour that is
known of the film itself is better evidence."""

_LINEAR_END, _LINEAR_SLOPE = 0.04045, 12.92
_OFFSET, _EXPONENT = 0.055, 2.4
"""The transfer function of sRGB. Source: IEC 61966-2-1."""


def working_rgb(colour: str) -> Tensor:
    """R'G'B' (3,) of the working space, float64, of an sRGB colour ``"#6b8f3a"``. Both have the
    primaries of Rec.709."""
    value = torch.tensor(srgb_codes(colour), dtype=torch.float64) / 255
    curved = ((value + _OFFSET) / (1 + _OFFSET)) ** _EXPONENT
    light = torch.where(value <= _LINEAR_END, value / _LINEAR_SLOPE, curved)
    return light ** (1 / WORKING_GAMMA)


def srgb_colour(rgb: Tensor) -> str:
    """The sRGB colour ``"#6b8f3a"`` of R'G'B' (3,) of the working space, clipped."""
    red, green, blue = srgb_bytes(rgb.double()).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def srgb_bytes(rgb: Tensor) -> Tensor:
    """sRGB in 8 bits of R'G'B' of the working space, clipped, uint8 of the same shape."""
    light = rgb.clamp(0, 1) ** WORKING_GAMMA
    curved = (1 + _OFFSET) * light ** (1 / _EXPONENT) - _OFFSET
    value = torch.where(light <= _LINEAR_END / _LINEAR_SLOPE, light * _LINEAR_SLOPE, curved)
    return (value * 255).round().to(torch.uint8)
