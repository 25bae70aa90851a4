"""The degrain: a guided filter that uses the covariance of the grain. Flat pictures stay exact.

Means are computed by OpenCV's running sums, ten times as fast as torch's pooling. These filters
therefore run on the CPU; only the networks run on an accelerator.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade.color.log_light import LOG_OFFSET, logarithm
from unfade.geometry.bands import bands
from unfade.model import symmetric
from unfade.model.resample import box_mean, downsample, upsample

_HALF_RADIUS_PX = 2
"""Radius of the filter window, in pixels of half the raster. Wide enough to estimate a covariance;
wider windows gave no better laws of colour (decisions/04)."""

_HALO_PX = 8
"""Lines on either side of a band that its grain depends on, even for half the raster: two of the
window, one of the mean of coefficients and one of the enlargement, all of half the raster."""

MIN_GRAIN_VARIANCE = 1e-7
"""Smallest variance of grain, in the logarithm. Keeps the division finite and lies far above the
rounding of double precision."""


def degrain(picture: Tensor, grain: Tensor) -> Tensor:
    """R'G'B' (3, H, W) without its grain.

    The filter works in the logarithm, where grain has the same strength in light and dark. In each
    window the clean picture is a linear function of the noisy one, less the share of the covariance
    that `grain` explains: a guided filter with all three channels as its guide. The channels are
    first mixed so that their grain is uncorrelated with deviation 1. Source: He, Sun, Tang, "Guided
    Image Filtering", 2013.

    Args:
        picture: (3, H, W), nominally 0 to 1; below zero counts as zero.
        grain: covariance of the channels' grain in the logarithm, (3, 3); zero means no grain.
    """
    if not grain.any():
        return picture
    variances, rotation = torch.linalg.eigh(grain.double())
    deviations = variances.clamp_min(MIN_GRAIN_VARIANCE).sqrt()
    mixed = (rotation / deviations).T.float() @ logarithm(picture).flatten(1)
    # The squares of smaller numbers lose less in single precision.
    centre = mixed.mean(dim=1, keepdim=True)
    mixed = mixed.sub_(centre).reshape(picture.shape)
    height, width = mixed.shape[1:]
    parts = bands(height, width, multiple=2)
    clean = torch.cat([mixed[:, lines] - _grain_of_band(mixed, lines) for lines in parts], dim=1)
    unmixed = (rotation * deviations).float()
    log_rgb = torch.addmm(unmixed @ centre, unmixed, clean.flatten(1))
    return log_rgb.exp_().sub_(LOG_OFFSET).reshape(picture.shape)


def _grain_of_band(mixed: Tensor, lines: slice) -> Tensor:
    """Some lines of `_grain_of`: their intermediate planes stay in a core's cache, which halves the
    time of a 2K picture."""
    above = min(_HALO_PX, lines.start)
    grain = _grain_of(mixed[:, lines.start - above : lines.stop + _HALO_PX])
    return grain[:, above : above + lines.stop - lines.start]


def _grain_of(mixed: Tensor) -> Tensor:
    """The grain (3, H, W) in channels whose grain is uncorrelated with deviation 1.

    The linear functions of the windows are found on half the raster, from means over squares of two
    pixels that keep the statistics of all. Source: He, Sun, "Fast Guided Filter", 2015.
    """
    height, width = mixed.shape[1:]
    halves = downsample(mixed, 2)
    # Products of what differs within a square are small, and exact in single precision.
    doubled = halves[:, :, None, :, None].expand(-1, -1, 2, -1, 2).flatten(3).flatten(1, 2)
    products = downsample(symmetric.products(mixed - doubled[:, :height, :width]), 2).double()
    products += symmetric.products(halves.double())
    means = torch.from_numpy(
        np.stack([_window_mean(one) for one in (*halves.numpy(), *products.numpy())])
    )
    mean, mean_products = means[:3], means[3:]
    # The share of a window's variation that is grain, whose variance is 1 in all channels.
    grain_share = symmetric.inverse_of_covariance(mean_products - symmetric.products(mean), 1.0)
    coefficients = torch.cat([grain_share, symmetric.times(grain_share, mean)]).float()
    a, b, c, d, e, f, x_mean, y_mean, z_mean = upsample(box_mean(coefficients, 1), 2, height, width)
    x, y, z = mixed
    rows = (((a, b, c), x_mean), ((b, d, e), y_mean), ((c, e, f), z_mean))
    return torch.stack(
        [
            (row[0] * x).sub_(row_mean).addcmul_(row[1], y).addcmul_(row[2], z)
            for row, row_mean in rows
        ]
    )


def _window_mean(plane: np.ndarray) -> np.ndarray:
    """The mean over the window of a plane of half the raster, in double precision."""
    size = (2 * _HALF_RADIUS_PX + 1, 2 * _HALF_RADIUS_PX + 1)
    return cv2.boxFilter(plane, cv2.CV_64F, size, borderType=cv2.BORDER_REPLICATE)
