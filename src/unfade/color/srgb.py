"""Conversion between sRGB and R'G'B' of the working space, both with the primaries of Rec.709."""

import torch
from torch import Tensor

from unfade.film.construction import srgb_codes
from unfade.film.working_space import WORKING_GAMMA

_LINEAR_END, _LINEAR_SLOPE = 0.04045, 12.92
_OFFSET, _EXPONENT = 0.055, 2.4
"""The transfer function of sRGB. Source: IEC 61966-2-1."""


def working_rgb(colour: str) -> Tensor:
    """R'G'B' (3,) of the working space, float64, of an sRGB colour ``"#6b8f3a"``."""
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
