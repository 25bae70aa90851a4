"""Ground truth: luma of the source, chroma of the reference."""

import cv2
import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from unfade.color.ycbcr import luma, merge_chroma
from unfade.film.clip import Area
from unfade.geometry.bands import bands

_OPENCV_WIDTHS_PX = (3, 5)
"""Widths of OpenCV's median on floats, which takes a twentieth of SciPy's time."""


def suppress_dirt(reference_rgb: Tensor, median: int) -> Tensor:
    """The reference (3, H, W) after a median filter, to remove dirt and compression noise.

    Args:
        reference_rgb: (3, H, W) float32.
        median: width of the window, in pixels; 0 and 1 are off.
    """
    if median < 2:
        return reference_rgb
    if median not in _OPENCV_WIDTHS_PX:
        filtered = ndimage.median_filter(reference_rgb.numpy(), size=(1, median, median))
        return torch.from_numpy(filtered)
    border = median // 2
    planes = [
        cv2.copyMakeBorder(plane, border, border, border, border, cv2.BORDER_REFLECT)
        for plane in reference_rgb.contiguous().numpy()
    ]
    filtered = np.stack([cv2.medianBlur(plane, median) for plane in planes])
    return torch.from_numpy(filtered[:, border:-border, border:-border].copy())


def ground_truth(source_rgb: Tensor, reference_rgb: Tensor) -> Tensor:
    """R'G'B' (3, H, W) with Y of `source_rgb` and Cb, Cr of `reference_rgb`.

    Chroma is reduced where a component would be negative; luma is never changed.
    """
    truth_rgb = torch.empty_like(source_rgb)
    for lines in bands(*source_rgb.shape[-2:]):
        truth_rgb[:, lines] = merge_chroma(source_rgb[:, lines], reference_rgb[:, lines])
    return truth_rgb


def zero_outside(weight: Tensor, crop: Area) -> Tensor:
    """A weight (1, H, W), set to zero outside the shared crop."""
    inside = torch.zeros_like(weight)
    rows, columns = slice(crop.y, crop.y + crop.height), slice(crop.x, crop.x + crop.width)
    inside[:, rows, columns] = weight[:, rows, columns]
    return inside


def luma_parity(source_rgb: Tensor, truth_rgb: Tensor) -> float:
    """The largest luma difference of two pictures (3, H, W)."""
    return float((luma(source_rgb) - luma(truth_rgb)).abs().max())
