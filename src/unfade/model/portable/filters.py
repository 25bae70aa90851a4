"""Filters of the chroma model in torch alone: degrain, guided enlargement, surroundings.

Single precision is enough, because covariances are sums over what differs from the mean of the
window, and their matrices are inverted by Cholesky's method; not all devices have double precision.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from unfade.color.log_light import LOG_OFFSET
from unfade.model.degrain import MIN_GRAIN_VARIANCE
from unfade.model.features import CHROMA_GAIN, SCALES_PX
from unfade.model.portable.operations import (
    area_matrix,
    either,
    enlarge,
    gaussian_matrix,
    products,
    resize,
    shrink,
    window_mean,
)
from unfade.model.portable.weights import Weight
from unfade.model.raster import DETAIL_EPSILON, GUIDE_EPSILON, MAX_DETAIL_RATIO

MIN_HALVED_PX = 8
"""Smallest side, in pixels, of a level of the pyramid that is halved, as in `features`."""


def covariance(planes: Tensor, mean: Tensor, radius: int) -> Tensor:
    """Covariance (6, H, W) over windows of three planes (3, H, W) with their `window_mean`."""
    height, width = planes.shape[1], planes.shape[2]
    padded = functional.pad(planes[None], [radius, radius, radius, radius], mode="replicate")[0]
    total = products(torch.zeros_like(mean), mean)
    for line in range(2 * radius + 1):
        for column in range(2 * radius + 1):
            different = padded[:, line : line + height, column : column + width] - mean
            total = total + products(different, different)
    return total / ((2 * radius + 1) * (2 * radius + 1))


def inverse_factor(covariances: Tensor, added: float) -> Tensor:
    """The lower triangle (6, H, W), by columns, of the matrix M with M'M = (C + `added`)^-1."""
    a, b, c, d, e, f = torch.unbind(covariances)
    first = torch.rsqrt(a + added)
    b, c = b * first, c * first
    # The pivots of an exact covariance are at least the added variance.
    second = torch.rsqrt((d + added - b * b).clamp(min=added))
    e = (e - b * c) * second
    third = torch.rsqrt((f + added - c * c - e * e).clamp(min=added))
    below = -b * first * second
    last = -(c * first + e * below) * third
    return torch.stack([first, below, last, second, -e * second * third, third])


def inverse_of(factor: Tensor) -> Tensor:
    """M'M (6, H, W) of `inverse_factor`, in the order of `symmetric.INDICES`."""
    a, b, c, d, e, f = torch.unbind(factor)
    return torch.stack([a * a + b * b + c * c, b * d + c * e, c * f, d * d + e * e, e * f, f * f])


def factor_times(factor: Tensor, planes: Tensor) -> Tensor:
    """M (6, H, W) of `inverse_factor` times the vector of each pixel of (3, H, W)."""
    a, b, c, d, e, f = torch.unbind(factor)
    x, y, z = torch.unbind(planes)
    return torch.stack([a * x, b * x + d * y, c * x + e * y + f * z])


def transposed_times(factor: Tensor, planes: Tensor) -> Tensor:
    """M' of `inverse_factor` times the vector of each pixel of (3, H, W)."""
    a, b, c, d, e, f = torch.unbind(factor)
    x, y, z = torch.unbind(planes)
    return torch.stack([a * x + b * y + c * z, d * y + e * z, f * z])


class PortableDegrain(nn.Module):
    """`unfade.model.degrain.degrain` with a film's grain (3, 3), which is not zero."""

    def __init__(self, grain: Tensor) -> None:
        super().__init__()
        variances, rotation = torch.linalg.eigh(grain.double())
        deviations = variances.clamp_min(MIN_GRAIN_VARIANCE).sqrt()
        self.mix = Weight((rotation / deviations).T)
        self.unmix = Weight(rotation * deviations)
        self.log_offset = LOG_OFFSET

    def forward(self, picture: Tensor) -> Tensor:
        logarithm = (picture.clamp(min=0.0) + self.log_offset).log()
        mixed = (self.mix() @ logarithm.flatten(1)).reshape(picture.shape)
        centre = mixed.mean(dim=[1, 2], keepdim=True)
        clean = mixed - self._grain_of(mixed - centre)
        return (self.unmix() @ clean.flatten(1)).exp().reshape(picture.shape) - self.log_offset

    def _grain_of(self, mixed: Tensor) -> Tensor:
        height, width = mixed.shape[1], mixed.shape[2]
        halves = shrink(mixed, 2)
        doubled = halves[:, :, None, :, None].expand(-1, -1, 2, -1, 2).flatten(3).flatten(1, 2)
        within = mixed - doubled[:, :height, :width]
        mean = window_mean(halves, 2)
        covariances = window_mean(shrink(products(within, within), 2), 2)
        factor = inverse_factor(covariances + covariance(halves, mean, 2), 1.0)
        share = inverse_of(factor)
        grain_of_mean = transposed_times(factor, factor_times(factor, mean))
        smooth = window_mean(torch.cat([share, grain_of_mean]), 1)
        a, b, c, d, e, f, x_mean, y_mean, z_mean = torch.unbind(enlarge(smooth, 2, height, width))
        red, green, blue = torch.unbind(mixed)
        return torch.stack(
            [
                a * red + b * green + c * blue - x_mean,
                b * red + d * green + e * blue - y_mean,
                c * red + e * green + f * blue - z_mean,
            ]
        )


class Surroundings(nn.Module):
    """The surroundings of `unfade.model.features`: (FEATURES_PER_SCALE * scales, H, W) of luma,
    chroma, base chroma and luma squared (6, H, W).

    A level is halved once per scale from the second on. Once a side is too small to be halved, it
    stays so.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scales = list(SCALES_PX)
        self.chroma_gain = CHROMA_GAIN
        self.min_halved = MIN_HALVED_PX

    def forward(self, planes: Tensor) -> Tensor:
        height, width = planes.shape[1], planes.shape[2]
        level, parts = planes, [planes[:0]]
        one = torch.ones(1, device=planes.device)
        factor, applied = one, 0.0 * one
        for sigma in self.scales:
            if sigma > self.scales[0]:
                lines, columns = level.shape[1], level.shape[2]
                halved = min(min(lines, columns) // self.min_halved, 1)
                rows = area_matrix(lines, lines - lines // 2 * halved, level)
                level = (
                    rows @ level @ area_matrix(columns, columns - columns // 2 * halved, level).T
                )
                applied = torch.sqrt(applied * applied + halved * factor * factor / 4.0)
                factor = factor * (1 + halved)
            step = torch.sqrt(sigma * sigma - applied * applied) / factor
            reach = math.ceil(4.0 * sigma) + 1
            rows = gaussian_matrix(level.shape[1], step, reach)
            level = rows @ level @ gaussian_matrix(level.shape[2], step, reach).T
            applied = sigma * one
            parts.append(resize(self._features(level, sigma / factor), height, width))
        return torch.cat(parts)

    def _features(self, level: Tensor, sigma: Tensor) -> Tensor:
        """(FEATURES_PER_SCALE, h, w) of a blurred level (6, h, w); `sigma` is in its pixels."""
        mean = level[0:1]
        deviation = (level[5:6] - mean * mean).clamp(min=0.0).sqrt()
        padded = functional.pad(mean[None], [1, 1, 1, 1], mode="replicate")[0]
        across = padded[:, :, 2:] - padded[:, :, :-2]
        down = padded[:, 2:] - padded[:, :-2]
        # Scharr's operator.
        to_right = 3.0 * across[:, :-2] + 10.0 * across[:, 1:-1] + 3.0 * across[:, 2:]
        to_bottom = 3.0 * down[:, :, :-2] + 10.0 * down[:, :, 1:-1] + 3.0 * down[:, :, 2:]
        slopes = torch.cat([to_right, to_bottom]) * (sigma / 32.0)
        return torch.cat([level[:5], torch.cat([deviation, slopes]) * self.chroma_gain])


def guided_enlarge(
    cbcr_small: Tensor,
    y_small: Tensor,
    y: Tensor,
    exposure: Tensor,
    factor: int,
    epsilon: float = GUIDE_EPSILON,
) -> Tensor:
    """`unfade.model.raster.guided_upsample`."""
    height, width = y.shape[1], y.shape[2]
    mean_y, mean_cbcr = window_mean(y_small, 1), window_mean(cbcr_small, 1)
    variance = (window_mean(y_small * y_small, 1) - mean_y * mean_y).clamp(min=0.0)
    shared = window_mean(y_small * cbcr_small, 1) - mean_y * mean_cbcr
    gain = shared / (variance + epsilon)
    whole = enlarge(torch.cat([gain, mean_cbcr - gain * mean_y]), factor, height, width)
    fine = enlarge(cbcr_small, factor, height, width)
    return either(whole[:2] * y + whole[2:] * exposure, fine * exposure, factor)


def enlarge_along(
    cbcr_small: Tensor,
    guide_small: Tensor,
    guide: Tensor,
    factor: int,
    epsilon: float = DETAIL_EPSILON,
    max_ratio: float = MAX_DETAIL_RATIO,
) -> Tensor:
    """`unfade.model.raster.enlarge_along`."""
    height, width = guide.shape[1], guide.shape[2]
    guide_mean = window_mean(guide_small, 1)
    inverse = inverse_factor(covariance(guide_small, guide_mean, 1), epsilon)
    enlarged = []
    for index in range(2):
        plane = cbcr_small[index : index + 1]
        mean = window_mean(plane, 1)
        shared = window_mean(guide_small * plane, 1) - guide_mean * mean
        gains = transposed_times(inverse, factor_times(inverse, shared))
        offset = mean - (gains * guide_mean).sum(dim=0, keepdim=True)
        whole = enlarge(torch.cat([gains, offset]), factor, height, width)
        enlarged.append((whole[:3] * guide).sum(dim=0, keepdim=True) + whole[3:])
    largest = functional.max_pool2d(cbcr_small.abs()[None], 3, stride=1, padding=1)[0] * max_ratio
    limit = enlarge(largest, factor, height, width)
    limited = torch.maximum(torch.minimum(torch.cat(enlarged), limit), -limit)
    return either(limited, enlarge(cbcr_small, factor, height, width), factor)
