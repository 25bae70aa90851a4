"""CIEDE2000 between display pictures of the working space.

CIELAB is computed from the light of a reference display: pure power 2.4, primaries of ITU-R BT.709,
white D65, zero light at black (decisions/02-working-space.md).

Sources: CIE 15:2004 for CIELAB; Sharma, Wu, Dalal, "The CIEDE2000 Color-Difference Formula:
Implementation Notes, Supplementary Test Data, and Mathematical Observations", 2005.
"""

import math

import torch
from torch import Tensor

from unfade.film.working_space import WORKING_GAMMA
from unfade.geometry.bands import bands

_XYZ_OF_RGB = (
    (0.41239080, 0.35758434, 0.18048079),
    (0.21263901, 0.71516868, 0.07219232),
    (0.01933082, 0.11919478, 0.95053215),
)
"""XYZ of linear R, G, B, from the primaries and the white of BT.709 (SMPTE RP 177)."""


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """CIELAB of display R'G'B' (..., 3, H, W), clipped to 0 to 1 as a display does."""
    return light_to_lab(rgb.clamp(0.0, 1.0) ** WORKING_GAMMA)


def light_to_lab(rgb_lin: Tensor) -> Tensor:
    """CIELAB of linear light (..., 3, H, W) in BT.709 primaries, white at 1."""
    matrix = torch.tensor(_XYZ_OF_RGB, dtype=rgb_lin.dtype, device=rgb_lin.device)
    relative = matrix / matrix.sum(dim=1, keepdim=True)
    xyz = torch.einsum("ij,...jhw->...ihw", relative, rgb_lin)
    cut = (6.0 / 29.0) ** 3
    f = torch.where(xyz > cut, xyz.clamp_min(cut) ** (1 / 3), xyz * (841 / 108) + 4 / 29)
    x, y, z = torch.split(f, 1, dim=-3)
    return torch.cat([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-3)


def ciede2000(lab_1: Tensor, lab_2: Tensor) -> Tensor:
    """CIEDE2000 of two CIELAB pictures.

    Args:
        lab_1: (..., 3, H, W).
        lab_2: the same shape.

    Returns:
        (..., 1, H, W), at least 0.
    """
    l_1, a_1, b_1 = torch.split(lab_1, 1, dim=-3)
    l_2, a_2, b_2 = torch.split(lab_2, 1, dim=-3)
    chroma = (torch.hypot(a_1, b_1) + torch.hypot(a_2, b_2)) / 2
    g = 0.5 * (1 - _seventh(chroma))
    a_1, a_2 = a_1 * (1 + g), a_2 * (1 + g)
    c_1, c_2 = torch.hypot(a_1, b_1), torch.hypot(a_2, b_2)
    h_1, h_2 = _degrees(a_1, b_1), _degrees(a_2, b_2)

    grey = c_1 * c_2 == 0
    dh = torch.where(grey, 0.0, (h_2 - h_1 + 180) % 360 - 180)
    delta_h = 2 * torch.sqrt(c_1 * c_2) * torch.sin(torch.deg2rad(dh / 2))
    hues_wrap = (h_1 - h_2).abs() > 180
    mean_h = torch.where(
        grey, h_1 + h_2, torch.where(hues_wrap, (h_1 + h_2 + 360) / 2 % 360, (h_1 + h_2) / 2)
    )
    mean_l, mean_c = (l_1 + l_2) / 2, (c_1 + c_2) / 2

    t = (
        1
        - 0.17 * _cos(mean_h - 30)
        + 0.24 * _cos(2 * mean_h)
        + 0.32 * _cos(3 * mean_h + 6)
        - 0.20 * _cos(4 * mean_h - 63)
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / torch.sqrt(20 + (mean_l - 50) ** 2)
    s_c = 1 + 0.045 * mean_c
    s_h = 1 + 0.015 * mean_c * t
    theta = 30 * torch.exp(-(((mean_h - 275) / 25) ** 2))
    r_t = -2 * _seventh(mean_c) * torch.sin(torch.deg2rad(2 * theta))
    l_term, c_term, h_term = (l_2 - l_1) / s_l, (c_2 - c_1) / s_c, delta_h / s_h
    return torch.sqrt((l_term**2 + c_term**2 + h_term**2 + r_t * c_term * h_term).clamp_min(0.0))


def rgb_difference(rgb_1: Tensor, rgb_2: Tensor) -> Tensor:
    """CIEDE2000 of two display R'G'B' pictures (..., 3, H, W), as (..., 1, H, W)."""
    height, width = rgb_1.shape[-2:]
    parts = ((rgb_1[..., lines, :], rgb_2[..., lines, :]) for lines in bands(height, width))
    return torch.cat([ciede2000(rgb_to_lab(one), rgb_to_lab(two)) for one, two in parts], dim=-2)


def _seventh(chroma: Tensor) -> Tensor:
    power = chroma**7
    return torch.sqrt(power / (power + 25.0**7))


def _degrees(a: Tensor, b: Tensor) -> Tensor:
    return torch.rad2deg(torch.atan2(b, a)) % 360


def _cos(degrees: Tensor) -> Tensor:
    return torch.cos(degrees * (math.pi / 180))
