"""Timing of a warped reference: whether one of its neighbours fits the source better."""

import cv2
import numpy as np

_BLUR_PX = 1.5
"""Standard deviation of the blur that suppresses grain and compression noise against motion."""
_MIN_MOTION = 16.0
"""Difference between frames, on a scale of 255, from which a pixel moves."""
_MIN_MOVING_SHARE = 0.003
"""Share of moving pixels required to judge the timing: fewer are noise."""
_SHRINK_FACTOR = 4
"""Factor by which pictures are reduced before their shift is measured, so that grain does not
decide."""
_MAX_MISFIT_RATIO = 0.93
"""Misfit of a neighbour, as a share of the reference's, below which the neighbour fits better."""


def moving(neighbours: list[np.ndarray], inside: np.ndarray) -> np.ndarray:
    """Bool (H, W): where the neighbours of a reference differ.

    Args:
        neighbours: equalised lumas of the frames around it, warped to the source, uint8 (H, W).
        inside: bool (H, W), where they cover the source.
    """
    if len(neighbours) < 2:
        return np.zeros(inside.shape, bool)
    blurred = [_blurred(picture) for picture in neighbours]
    return np.asarray((np.abs(blurred[-1] - blurred[0]) > _MIN_MOTION) & inside)


def better_neighbour(
    source: np.ndarray, warped: dict[int, np.ndarray], inside: np.ndarray
) -> int | None:
    """The neighbour of a reference that fits the source better in moving regions.

    Args:
        source: equalised luma, uint8 (H, W).
        warped: equalised luma of the reference, warped to the source, under 0, and of its
            neighbours under -1 and 1 if they exist. Each neighbour is also tried with a shift,
            because the transform was found with the reference and so compensates a pan.
        inside: bool (H, W), where they cover the source.

    Returns:
        -1 or 1; none if the reference fits as well or too little moves.
    """
    source_blurred, reference = _blurred(source), _blurred(warped[0])
    misfit_ratios = {0: _MAX_MISFIT_RATIO}
    for k in warped.keys() - {0}:
        neighbour = _blurred(warped[k])
        candidates = (
            _misfit_ratio(source_blurred, reference, candidate, inside)
            for candidate in (neighbour, _shifted_onto(neighbour, reference))
        )
        misfit_ratios[k] = min(candidates)
    best = min(misfit_ratios, key=lambda k: misfit_ratios[k])
    return best or None


def _misfit_ratio(
    source: np.ndarray, reference: np.ndarray, neighbour: np.ndarray, inside: np.ndarray
) -> float:
    """Misfit of a neighbour where it differs from the reference, relative to the reference's."""
    differs = (np.abs(neighbour - reference) > _MIN_MOTION) & inside
    if differs.mean() < _MIN_MOVING_SHARE:
        return 1.0
    neighbour_misfit, reference_misfit = (
        float(((picture - source)[differs] ** 2).mean()) for picture in (neighbour, reference)
    )
    return neighbour_misfit / max(reference_misfit, 1e-6)


def _shifted_onto(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A picture shifted onto another by phase correlation."""
    small = [
        cv2.resize(
            one, None, fx=1 / _SHRINK_FACTOR, fy=1 / _SHRINK_FACTOR, interpolation=cv2.INTER_AREA
        )
        for one in (picture, other)
    ]
    size = other.shape[::-1]
    window = cv2.createHanningWindow(small[0].shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(small[0], small[1], window)
    shift = np.array([[1, 0, x * _SHRINK_FACTOR], [0, 1, y * _SHRINK_FACTOR]])
    return np.asarray(cv2.warpAffine(picture, shift, size, borderMode=cv2.BORDER_REPLICATE))


def _blurred(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), _BLUR_PX))
