"""Chroma of a reference that lies beside the scan's luma is moved back.

Composite video delays chroma, and alignment errs by a pixel or two. What a network would learn of
that are false edges. The closed form colours the scan's own pixels, so its edges lie where they
belong: the shift between its chroma and the reference's is found by least squares. Source: Lucas,
Kanade, "An Iterative Image Registration Technique", 1981.
"""

from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr, ycbcr_to_rgb
from unfade.train.data.pixels import Picture

BLUR = 2.0
"""Standard deviation, in pixels, of the finest detail that is compared."""

SLOW = 24.0
"""Standard deviation, in pixels, of differences that are of colour and not of place."""

ROUNDS = 4

LEAST, MOST = 0.8, 3.0
"""Pixels between which a shift is believed: aligned pairs come out at up to 0.7, where the closed
form is poor."""

Planes = NDArray[np.float32]


def in_place(shown: Picture, base_cbcr: Tensor) -> Picture:
    """The picture with its true chroma where `base_cbcr` (2, H, W), the closed form's, has it."""
    ycbcr = rgb_to_ycbcr(shown.truth_rgb)
    cbcr = ycbcr[1:].numpy()
    shift = find_shift(cbcr, base_cbcr.numpy(), shown.weight[0].numpy())
    if not LEAST <= np.hypot(*shift) <= MOST:
        return shown
    back = torch.from_numpy(_moved(cbcr, -shift))
    return replace(shown, truth_rgb=ycbcr_to_rgb(torch.cat([ycbcr[:1], back])))


def find_shift(cbcr: Planes, base_cbcr: Planes, weight: Planes) -> NDArray[np.float64]:
    """By how many pixels, across and down, chroma (2, H, W) lies beside another's.

    Pixels count by `weight` (H, W), and less where the two differ more than they mostly do.
    """
    base = _blurred(base_cbcr, BLUR)
    down, across = np.gradient(base, axis=(1, 2))
    shift = np.zeros(2)
    for _ in range(ROUNDS):
        off = _blurred(_moved(cbcr, -shift), BLUR) - base
        off = off - _blurred(off, SLOW)
        size = np.abs(off).max(axis=0)
        counts = weight / np.maximum(size, np.median(size) + 1e-6)
        slopes = np.stack([across, down]).reshape(2, 2, -1)
        weighed = slopes * counts.reshape(-1)
        square = np.einsum("acn,bcn->ab", weighed, slopes, dtype=np.float64)
        wanted = np.einsum("acn,cn->a", weighed, off.reshape(2, -1), dtype=np.float64)
        shift = shift - np.linalg.solve(square + 1e-6 * np.eye(2), wanted)
    return shift


def _blurred(planes: Planes, sigma: float) -> Planes:
    blurred = [cv2.GaussianBlur(p, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for p in planes]
    return np.stack(blurred)


def _moved(planes: Planes, shift: NDArray[np.float64]) -> Planes:
    """(C, H, W) moved by pixels across and down; its border is repeated."""
    height, width = planes.shape[1:]
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
    moved = [
        cv2.warpAffine(
            plane, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        for plane in planes
    ]
    return np.stack(moved)
