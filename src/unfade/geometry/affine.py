"""Affine transforms of planes."""

import cv2
import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]


def affine(
    planes: Planes, matrix: NDArray[np.float64], border: int = cv2.BORDER_REPLICATE
) -> Planes:
    """Planes (C, H, W), each moved by a matrix (2, 3) from old to new positions, cubic.

    `border` is OpenCV's name of what comes from outside; the border is repeated by default.
    """
    size = planes.shape[:0:-1]
    moved = [
        cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_CUBIC, borderMode=border)
        for plane in planes
    ]
    return np.stack(moved)
