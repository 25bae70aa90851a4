"""Y'CbCr of Rec.709 from and to R'G'B', unclamped and exact in luma.

Source: ITU-R BT.709-6, items 3.2 and 3.3.
"""

import torch
from torch import Tensor

from unfade.color.rec709 import CB_SCALE, CR_SCALE, KB, KG, KR


def luma(rgb: Tensor) -> Tensor:
    """Y' of R'G'B'.

    Args:
        rgb: (..., 3, H, W), nominally 0 to 1, unbounded.

    Returns:
        (..., 1, H, W).
    """
    red, green, blue = torch.split(rgb, 1, dim=-3)
    return torch.add(KR * red, green, alpha=KG).add_(blue, alpha=KB)


def rgb_to_ycbcr(rgb: Tensor) -> Tensor:
    """R'G'B' (..., 3, H, W) to Y'CbCr of the same shape; Cb and Cr nominally -0.5 to 0.5."""
    y = luma(rgb)
    cb = (rgb[..., 2:3, :, :] - y).div_(CB_SCALE)
    cr = (rgb[..., 0:1, :, :] - y).div_(CR_SCALE)
    return torch.cat([y, cb, cr], dim=-3)


def ycbcr_to_rgb(ycbcr: Tensor) -> Tensor:
    """Y'CbCr (..., 3, H, W) to R'G'B' of the same shape, unclamped."""
    y, cb, cr = torch.split(ycbcr, 1, dim=-3)
    r = y + CR_SCALE * cr
    b = y + CB_SCALE * cb
    g = y - (KR * CR_SCALE * cr + KB * CB_SCALE * cb) / KG
    return torch.cat([r, g, b], dim=-3)


def limit_chroma(y: Tensor, cbcr: Tensor) -> Tensor:
    """Chroma scaled towards neutral where R'G'B' would fall below zero; hue is kept.

    Light cannot be negative, and a reader that clips a negative component changes the luma. Where
    `y` is zero or below, the result is neutral.

    Args:
        y: (..., 1, H, W).
        cbcr: (..., 2, H, W).

    Returns:
        (..., 2, H, W); `cbcr` itself if nothing is limited.
    """
    cb, cr = torch.split(cbcr, 1, dim=-3)
    offset_g = -(KR * CR_SCALE * cr + KB * CB_SCALE * cb) / KG
    lowest = torch.minimum(torch.minimum(CR_SCALE * cr, CB_SCALE * cb), offset_g)
    is_limited = -lowest > y
    if not is_limited.any():
        return cbcr
    scale = torch.where(is_limited, y.clamp_min(0.0) / (-lowest).clamp_min(1e-12), 1.0)
    return cbcr * scale


def merge_chroma(original_rgb: Tensor, recovered_rgb: Tensor) -> Tensor:
    """The luma of one picture with the chroma of another, as R'G'B' (..., 3, H, W).

    This is the blend mode Color of compositing programs, in Y'CbCr of Rec.709: the difference of
    luma is added to every component of `recovered_rgb`. Values above 1 are kept. Where a component
    would fall below zero, `limit_chroma` reduces chroma and luma stays.
    """
    y = luma(original_rgb)
    cbcr = rgb_to_ycbcr(recovered_rgb)[..., 1:3, :, :]
    return ycbcr_to_rgb(torch.cat([y, limit_chroma(y, cbcr)], dim=-3))
