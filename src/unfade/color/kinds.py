"""Kinds of colour to look at in a picture: skin tones, saturated colours, deep shadows, neutrals.

Sources: Chai, Ngan, "Face segmentation using skin-color map in videophone applications", IEEE
Transactions on Circuits and Systems for Video Technology 9(4), 1999, for skin; CIE 15:2004 for
lightness and chroma of CIELAB.
"""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.difference import rgb_to_lab
from unfade.film.figures import ColourKind

COLOUR_KINDS: tuple[ColourKind, ...] = ("skin", "saturated", "shadows", "neutrals")
"""All kinds, in the order in which pages show them."""

SKIN_CB, SKIN_CR = (77.0, 127.0), (133.0, 173.0)
"""Range of skin, 8-bit codes of ITU-R BT.601, of every complexion (Chai and Ngan). Wood and sand
can lie in it too."""

MAX_SHADOW_LIGHTNESS = 20.0
"""L* below which a colour is a deep shadow: 3 % of the light of white."""

MAX_LIGHTNESS = 98.0
"""L* above which a colour counts as white or clipped, not as skin or as a neutral."""

MIN_SATURATED_CHROMA = 40.0
"""C*ab from which a colour is saturated: about chroma 8 of Munsell."""

MAX_NEUTRAL_CHROMA = 5.0
"""C*ab up to which a colour is neutral: about twice the tint of grey that an eye just sees."""

MIN_KIND_SHARE = 0.005
"""Share of a picture's pixels below which it does not show a kind: less is an edge or grain."""

WINDOW_SHARE = 1 / 3
"""Side of the window that shows a kind, as a share of the picture's: large enough to recognise."""

_CB_OF_RGB = (-37.797, -74.203, 112.0)
_CR_OF_RGB = (112.0, -93.786, -18.214)
"""Cb and Cr, as 8-bit codes from 128, of R'G'B' from 0 to 1: ITU-R BT.601-7."""


def kind_masks(rgb: Tensor) -> dict[ColourKind, Tensor]:
    """Where a display R'G'B' picture (3, H, W) shows each kind: bool (H, W)."""
    lightness, a, b = rgb_to_lab(rgb)
    chroma = torch.hypot(a, b)
    shadows = lightness < MAX_SHADOW_LIGHTNESS
    lit = ~shadows & (lightness <= MAX_LIGHTNESS)
    return {
        "skin": lit & _has_skin_chroma(rgb),
        "saturated": chroma >= MIN_SATURATED_CHROMA,
        "shadows": shadows,
        "neutrals": lit & (chroma <= MAX_NEUTRAL_CHROMA),
    }


def densest_window(mask: Tensor) -> tuple[slice, slice]:
    """The rows and columns of the window, `WINDOW_SHARE` of each side, with the most of a mask.

    Args:
        mask: bool (H, W).
    """
    height, width = mask.shape
    tall, wide = max(round(height * WINDOW_SHARE), 1), max(round(width * WINDOW_SHARE), 1)
    down, across = max(tall // 8, 1), max(wide // 8, 1)
    counts = functional.avg_pool2d(mask.float()[None, None], (tall, wide), (down, across))[0, 0]
    row, column = divmod(int(counts.argmax()), counts.shape[1])
    return slice(row * down, row * down + tall), slice(column * across, column * across + wide)


def _has_skin_chroma(rgb: Tensor) -> Tensor:
    """Where Cb and Cr of a picture (3, H, W) lie in the range of skin: bool (H, W)."""
    red, green, blue = rgb.clamp(0.0, 1.0)
    cb, cr = (128 + r * red + g * green + b * blue for r, g, b in (_CB_OF_RGB, _CR_OF_RGB))
    in_cb: Tensor = (cb >= SKIN_CB[0]) & (cb <= SKIN_CB[1])
    in_cr: Tensor = (cr >= SKIN_CR[0]) & (cr <= SKIN_CR[1])
    return in_cb & in_cr
