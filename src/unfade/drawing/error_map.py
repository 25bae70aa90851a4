"""The colour error of every pixel as a grey picture, which needs no colour vision."""

from torch import Tensor

from unfade.color.difference import rgb_difference

WHITE_CIEDE2000 = 10.0
"""CIEDE2000 that is drawn white: such an error is plain to everybody."""


def error_map(truth_rgb: Tensor, rgb: Tensor) -> Tensor:
    """CIEDE2000 of two pictures (3, H, W) as a grey picture (3, H, W): 0 is black, and
    `WHITE_CIEDE2000` and more is white."""
    level = rgb_difference(truth_rgb, rgb) / WHITE_CIEDE2000
    return level.clamp(0.0, 1.0).expand(3, -1, -1)
