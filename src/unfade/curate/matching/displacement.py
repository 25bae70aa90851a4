"""Smooth displacement of the reference against the source, beyond the affine framing.

In static parts of the picture, the remaining difference between two matched frames is displacement,
not time. The static parts of many frames together give it to a few hundredths of a pixel.

Source: Lucas and Kanade, 1981, solved per block over all frames.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from unfade.curate.matching.reference_index import FINE_SIZE_PX

_BLOCK_PX = 8
"""Width and height of the blocks that get one displacement each: smaller ones have too little
texture, larger ones smooth the warp away."""
_STATIC_LEVEL = 0.05
"""Squared change between a frame's neighbours, relative to a signature's mean square, at which a
pixel's weight falls to a quarter. Grain alone causes about as much."""
_MOTION_BLUR_PX = 1.5
"""Standard deviation of the blur of squared change, because pixels next to a moving one are not
static either."""
_REGULARISATION = 1e-2
"""Ridge, as a share of the mean evidence, which keeps blocks without evidence in place."""
_FRAME_STEP = 3
"""Step between the frames used: their grain is independent, their picture nearly the same."""


def estimate_displacement(matched: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray | None:
    """Displacement of the parts of the reference, right and down in units of the view.

    Args:
        matched: fine signatures of successive source frames and of their matches, (n, d) each; NaN
            where a frame has no match.

    Returns:
        float32 (rows, columns, 2); none if nothing matches.
    """
    width, height = FINE_SIZE_PX
    blocks = (height // _BLOCK_PX, width // _BLOCK_PX)
    normal_matrix, right_side = np.zeros((*blocks, 2, 2)), np.zeros((*blocks, 2))
    for source, reference in matched:
        for index in range(1, len(source) - 1, _FRAME_STEP):
            if np.isnan(reference[index, 0]):
                continue
            neighbourhood = [source[index + step].reshape(height, width) for step in (-1, 0, 1)]
            _accumulate(
                neighbourhood, reference[index].reshape(height, width), normal_matrix, right_side
            )
    evidence = np.trace(normal_matrix, axis1=2, axis2=3).mean()
    if evidence == 0:
        return None
    regularised = normal_matrix + _REGULARISATION * evidence * np.eye(2)
    displacement = np.linalg.solve(regularised, right_side[..., None])[..., 0]
    return np.asarray(displacement / np.array([width, height]), np.float32)


def _accumulate(
    neighbourhood: list[np.ndarray],
    reference: np.ndarray,
    normal_matrix: np.ndarray,
    right_side: np.ndarray,
) -> None:
    """Adds the normal equations of one frame, given with its two neighbours, and of its match."""
    before, frame, after = neighbourhood
    power = frame.size
    motion = cv2.GaussianBlur(power * (after - before) ** 2, (0, 0), _MOTION_BLUR_PX)
    weight = 1.0 / (_STATIC_LEVEL + motion) ** 2
    down, across = np.gradient(reference)
    residual = (frame - reference) * weight
    for row, gradient in enumerate((across, down)):
        right_side[..., row] += _block_sums(gradient * residual)
        for column, other_gradient in enumerate((across, down)):
            normal_matrix[..., row, column] += _block_sums(gradient * other_gradient * weight)


def _block_sums(picture: np.ndarray) -> np.ndarray:
    """Sums over blocks of a picture."""
    height, width = picture.shape
    blocks = picture.reshape(height // _BLOCK_PX, _BLOCK_PX, width // _BLOCK_PX, _BLOCK_PX)
    return np.asarray(blocks.sum(axis=(1, 3)))
