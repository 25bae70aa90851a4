"""Operations on pictures in torch alone, as TorchScript and ONNX need them.

They give the same as those of `unfade.color`, `unfade.geometry` and `unfade.model`, which use
OpenCV and OpenColorIO because these are several times as fast on a CPU. Sizes are only used in
arithmetic, never in a condition, so that one ONNX graph holds for all of them; constants are
default values, because TorchScript reads no global ones.
"""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.rec709 import CB_SCALE, CR_SCALE, KB, KG, KR

LARGEST_HALF = 65504.0
"""Largest value of a half float; beyond it a picture holds no light of film."""


def finite(rgb: Tensor, largest: float = LARGEST_HALF) -> Tensor:
    """A picture without values that are not numbers or beyond half floats, for indices into LUTs
    must exist."""
    return torch.where(rgb == rgb, rgb, torch.zeros_like(rgb)).clamp(-largest, largest)


def luma(rgb: Tensor, kr: float = KR, kg: float = KG, kb: float = KB) -> Tensor:
    """`unfade.color.ycbcr.luma` (1, H, W) of (3, H, W)."""
    return kr * rgb[0:1] + kg * rgb[1:2] + kb * rgb[2:3]


def rgb_to_ycbcr(rgb: Tensor, cb_scale: float = CB_SCALE, cr_scale: float = CR_SCALE) -> Tensor:
    """`unfade.color.ycbcr.rgb_to_ycbcr` of (3, H, W)."""
    y = luma(rgb)
    return torch.cat([y, (rgb[2:3] - y) / cb_scale, (rgb[0:1] - y) / cr_scale])


def with_chroma(
    y: Tensor,
    cbcr: Tensor,
    cb_scale: float = CB_SCALE,
    cr_scale: float = CR_SCALE,
    cb_in_green: float = KB * CB_SCALE / KG,
    cr_in_green: float = KR * CR_SCALE / KG,
) -> Tensor:
    """R'G'B' (3, H, W) of luma (1, H, W) and chroma (2, H, W), limited as by `limit_chroma`."""
    red, blue = cr_scale * cbcr[1:2], cb_scale * cbcr[0:1]
    green = -(cr_in_green * cbcr[1:2] + cb_in_green * cbcr[0:1])
    excess = -torch.minimum(torch.minimum(red, blue), green)
    scale = torch.where(excess > y, y.clamp(min=0.0) / excess.clamp(min=1e-12), torch.ones_like(y))
    return y + scale * torch.cat([red, green, blue])


def exposure_of(rgb: Tensor) -> Tensor:
    """`unfade.model.raster.exposure_of` (1, H, W)."""
    return torch.maximum(torch.maximum(rgb[0:1], rgb[1:2]), rgb[2:3]).clamp(min=1.0)


def ceil_div(size: int, divisor: int) -> int:
    """The smallest whole number of parts of `divisor` that hold a size."""
    return (size + divisor - 1) // divisor


def shrink(picture: Tensor, factor: int) -> Tensor:
    """`unfade.model.resample.downsample`: means over squares of `factor` pixels of (C, H, W)."""
    channels, height, width = picture.shape[0], picture.shape[1], picture.shape[2]
    lines, columns = ceil_div(height, factor), ceil_div(width, factor)
    padded = functional.pad(picture, [0, columns * factor - width, 0, lines * factor - height])
    sums = padded.reshape(channels, lines, factor, columns, factor).sum(dim=4).sum(dim=2)
    heights = (height - factor * torch.arange(lines, device=picture.device)).clamp(max=factor)
    widths = (width - factor * torch.arange(columns, device=picture.device)).clamp(max=factor)
    return sums / (heights[:, None] * widths).to(picture.dtype)


def resize(planes: Tensor, height: int, width: int) -> Tensor:
    """(C, h, w) enlarged to (C, height, width), bilinear.

    `functional.interpolate` would bring operators into TorchScript that older versions lack.
    """
    whole: Tensor = torch.ops.aten.upsample_bilinear2d(
        planes[None], [height, width], False, None, None
    )
    return whole[0]


def enlarge(planes: Tensor, factor: int, height: int, width: int) -> Tensor:
    """`unfade.model.resample.upsample`: the inverse of `shrink`, bilinear."""
    whole = resize(planes, planes.shape[1] * factor, planes.shape[2] * factor)
    return whole[:, :height, :width]


def either(coarse: Tensor, fine: Tensor, factor: int) -> Tensor:
    """`fine` for a factor of 1, else `coarse`; an ONNX graph has no condition on sizes."""
    share = min(factor - 1, 1)
    return coarse * share + fine * (1 - share)


def area_matrix(size: int, smaller: int, like: Tensor) -> Tensor:
    """The matrix (smaller, size) that resamples a line by area, as OpenCV's INTER_AREA does."""
    step = torch.ones(1, device=like.device) * size / smaller
    start = torch.arange(smaller, device=like.device)[:, None] * step
    pixel = torch.arange(size, device=like.device)
    covered = torch.minimum(pixel + 1.0, start + step) - torch.maximum(pixel + 0.0, start)
    return covered.clamp(min=0.0) / step


def gaussian_matrix(size: int, sigma: Tensor, reach: int) -> Tensor:
    """The matrix (size, size) that blurs a line by a Gaussian, as OpenCV's GaussianBlur does.

    The border is repeated: the first and the last pixel get the weights beyond them.

    Args:
        size: pixels of the line.
        sigma: standard deviation, (1,).
        reach: at least the radius of the kernel, which is about 4 `sigma`.
    """
    taps = torch.round(8.0 * sigma + 1.0)
    radius = torch.floor(taps / 2.0)
    offset = torch.arange(-reach, reach + 1, device=sigma.device).to(sigma.dtype)
    kernel = torch.exp(-offset * offset / (2.0 * sigma * sigma)) * (offset.abs() <= radius)
    up_to = torch.cumsum(kernel / kernel.sum(), dim=0)
    up_to = torch.cat([torch.zeros_like(up_to[:1]), up_to])
    line, column = torch.arange(size, device=sigma.device), torch.arange(size, device=sigma.device)
    distance = column - line[:, None]
    # Sums of the weights of all pixels up to each: their differences are the weights.
    sums = up_to[(distance + reach + 1).clamp(0, 2 * reach + 1)]
    sums = torch.where(column == size - 1, torch.ones_like(sums), sums)
    return sums - functional.pad(sums, [1, 0])[:, :-1]


def window_mean(planes: Tensor, radius: int) -> Tensor:
    """`unfade.model.resample.box_mean` of (C, H, W)."""
    padded = functional.pad(planes[None], [radius, radius, radius, radius], mode="replicate")
    return functional.avg_pool2d(padded, 2 * radius + 1, stride=1)[0]


def products(first: Tensor, second: Tensor) -> Tensor:
    """Products (6, H, W) of any two of three planes, in the order of `symmetric.INDICES`."""
    return torch.cat([first[0:1] * second, first[1:2] * second[1:3], first[2:3] * second[2:3]])


def lookup(nodes: Tensor, rgb: Tensor) -> Tensor:
    """`unfade.model.closed_form.lut.SmoothLut`: trilinear values (C, H, W) of a LUT (C, N, N, N)
    at (3, H, W), clipped to 0 to 1."""
    size, table = nodes.shape[3], nodes.flatten(1)
    place = rgb.flatten(1).clamp(0.0, 1.0) * (size - 1)
    low = place.floor().clamp(max=size - 2.0)
    red, green, blue = torch.unbind(place - low)
    index = low.to(torch.int64)
    at = (index[2] * size + index[1]) * size + index[0]
    by_blue = []
    for one in (at, at + size * size):
        by_green = []
        for other in (one, one + size):
            dark, light = table[:, other], table[:, other + 1]
            by_green.append(dark + red * (light - dark))
        by_blue.append(by_green[0] + green * (by_green[1] - by_green[0]))
    values = by_blue[0] + blue * (by_blue[1] - by_blue[0])
    return values.reshape(-1, rgb.shape[1], rgb.shape[2])


def mapped(planes: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """`matrix` (N, C) times each pixel of (C, H, W), plus `offset` (N, 1): (N, H, W)."""
    flat = matrix @ planes.flatten(1) + offset
    return flat.reshape(-1, planes.shape[1], planes.shape[2])


def positions(picture: Tensor) -> Tensor:
    """`unfade.model.features.positions` (2, H, W) of the pixels of (C, H, W)."""
    height, width = picture.shape[1], picture.shape[2]
    y = (torch.arange(height, device=picture.device) + 0.5) * 2.0 / height - 1.0
    x = (torch.arange(width, device=picture.device) + 0.5) * 2.0 / width - 1.0
    zeros = torch.zeros_like(picture[0])
    return torch.stack([zeros + x, zeros + y[:, None]])
