"""Correction of reference chroma that is displaced from the scan's luma.

Composite video delays chroma, and alignment may be off by a pixel or two. A network would learn
false edges from that. The edges of the closed form lie where those of the scan do, because it
colours the scan's own pixels. Least squares finds the shift between its chroma and the reference's.
Source: Lucas, Kanade, "An Iterative Image Registration Technique", 1981.
"""

from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.geometry.affine import Planes, affine
from unfade.train.data.pixels import NetworkPicture

LOW_PASS_SIGMA_PX = 1.5
"""Gaussian standard deviation, in pixels, of the blur of both chromas. Without it the slopes are
too narrow for the linear model of a shift of this size."""

HIGH_PASS_SIGMA_PX = 12.0
"""Gaussian standard deviation, in pixels, of the blur that is subtracted from their difference:
slow differences are of colour, not of position."""

SHIFT_ROUNDS = 4
"""Iterations of the least squares, each from the previous shift, because the model is linear."""

MIN_SHIFT_PX, MAX_SHIFT_PX = 0.5, 2.0
"""Shifts that are corrected, in pixels of the networks' raster. Aligned pairs measured up to 0.7
pixels of a raster twice as fine where the closed form is poor; a longer shift is no delay of
chroma."""


def without_chroma_shift(picture: NetworkPicture, law_cbcr: Tensor) -> NetworkPicture:
    """The picture with its true chroma aligned to `law_cbcr` (2, h, w), that of the closed form.

    The same picture if the shift is outside `MIN_SHIFT_PX` to `MAX_SHIFT_PX`.
    """
    cbcr = picture.truth_ycbcr[1:].numpy()
    shift = find_shift(cbcr, law_cbcr.numpy(), picture.weight[0].numpy())
    if not MIN_SHIFT_PX <= np.hypot(*shift) <= MAX_SHIFT_PX:
        return picture
    aligned = torch.from_numpy(_shifted(cbcr, -shift))
    return replace(picture, truth_ycbcr=torch.cat([picture.truth_ycbcr[:1], aligned]))


def find_shift(cbcr: Planes, base_cbcr: Planes, weight: Planes) -> NDArray[np.float64]:
    """Shift of chroma (2, H, W) against that of the closed form, right and down, in pixels.

    `weight` (H, W) is that of each pixel. The fit is robust: pixels whose difference exceeds the
    median count less.
    """
    base = _blurred(base_cbcr, LOW_PASS_SIGMA_PX)
    slope_y, slope_x = np.gradient(base, axis=(1, 2))
    shift = np.zeros(2)
    for _ in range(SHIFT_ROUNDS):
        difference = _blurred(_shifted(cbcr, -shift), LOW_PASS_SIGMA_PX) - base
        difference = difference - _blurred(difference, HIGH_PASS_SIGMA_PX)
        size = np.abs(difference).max(axis=0)
        robust_weight = weight / np.maximum(size, np.median(size) + 1e-6)
        slopes = np.stack([slope_x, slope_y]).reshape(2, 2, -1)
        weighted = slopes * robust_weight.reshape(-1)
        normal = np.einsum("acn,bcn->ab", weighted, slopes, dtype=np.float64)
        right = np.einsum("acn,cn->a", weighted, difference.reshape(2, -1), dtype=np.float64)
        shift = shift - np.linalg.solve(normal + 1e-6 * np.eye(2), right)
    return shift


def _blurred(planes: Planes, sigma: float) -> Planes:
    blurred = [cv2.GaussianBlur(p, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for p in planes]
    return np.stack(blurred)


def _shifted(planes: Planes, shift: NDArray[np.float64]) -> Planes:
    """(C, H, W) shifted right and down by pixels; the border is repeated."""
    return affine(planes, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]))
