"""The framing that all pairs of a film share, and how each pair makes use of it.

The reference frames a film the same way throughout but for the weave of the scan in its gate,
which is a shift. So many pairs together know the transform better than one alone, and a pair with
few features of its own can still be laid.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from unfade.align.register import Registration, implausible, warp_structure
from unfade.align.residual import Residual, block_shifts, measure_residual
from unfade.film.alignment import TransformKind

MIN_INLIERS = 40
"""Matches that a registration needs to stand alone."""
MIN_FOUND = 0.35
"""Share of the textured blocks that must be found again: 0.03 at most were between shots, 0.5 at
least in true pairs, blurred ones included."""
MIN_TEXTURED = 6
"""Blocks that a residual must be measured on."""
_OWN_IS_BETTER = 0.9
"""Share of the shared framing's residual below which a pair's own transform is preferred."""
_CENTRED = 0.02
"""Pixels of shift below which a pair is not moved any more."""
_CENTRING_STEPS = 3


@dataclass(frozen=True)
class Laid:
    """A reference laid on its source: the transform, how it was found, what is left."""

    registration: Registration
    residual: Residual

    def fault(self, max_residual: float, height: int, width: int) -> str | None:
        """Why this cannot be admitted, or none where it can.

        Args:
            max_residual: largest median residual, in pixels of the source.
            height: of the source, in pixels.
            width: of it.
        """
        odd = implausible(self.registration.matrix, height, width)
        if odd is not None:
            return odd
        left = self.residual
        if left.textured < MIN_TEXTURED:
            return f"only {left.textured} blocks have texture to measure by"
        if left.found < MIN_FOUND:
            return f"only {left.found:.0%} of the textured blocks are found again"
        if left.median > max_residual:
            return f"median residual {left.median:.1f} px is above {max_residual:g} px"
        return None


def shared_transform(found: list[Registration], height: int, width: int) -> np.ndarray | None:
    """The transform that most of the registrations agree on, apart from a shift each.

    Args:
        found: the pairs' own registrations.
        height: of the source, in pixels.
        width: of it.

    Returns:
        None where no registration stands alone.
    """
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    placed = [
        cv2.perspectiveTransform(corners[None], one.matrix)[0]
        for one in found
        if one.inliers >= MIN_INLIERS and implausible(one.matrix, height, width) is None
    ]
    if not placed:
        return None
    middles = np.array([quad.mean(axis=0) for quad in placed])
    shape = np.median([quad - middle for quad, middle in zip(placed, middles, strict=True)], axis=0)
    target = shape - shape.mean(axis=0) + np.median(middles, axis=0)
    return np.asarray(
        cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32)),
        np.float64,
    )


def lay(
    source: np.ndarray,
    reference: np.ndarray,
    own: Registration | None,
    shared: np.ndarray | None,
) -> Laid | None:
    """The better of a pair's own transform and the shared one, shifted to fit.

    Args:
        source: structure, uint8 (H, W).
        reference: structure of the reference, scaled to the same size.
        own: the pair's own registration, if there is one.
        shared: what the film's pairs have in common, if anything.

    Returns:
        None where there is neither.
    """
    alone = None
    if own is not None and own.inliers >= MIN_INLIERS:
        alone = _measured(source, reference, own)
    if shared is None:
        return alone
    inliers = own.inliers if own is not None else 0
    pooled = _measured(source, reference, _centred(source, reference, shared, inliers))
    if alone is not None and alone.residual.median < _OWN_IS_BETTER * pooled.residual.median:
        return alone
    return pooled


def measure(source: np.ndarray, reference: np.ndarray, matrix: np.ndarray) -> Residual:
    """The residual of a transform on two pictures of structure."""
    height, width = source.shape
    inside = warp_structure(np.full_like(reference, 255), matrix, height, width) == 255
    return measure_residual(source, warp_structure(reference, matrix, height, width), inside)


def _measured(source: np.ndarray, reference: np.ndarray, registration: Registration) -> Laid:
    return Laid(registration, measure(source, reference, registration.matrix))


def _centred(
    source: np.ndarray, reference: np.ndarray, matrix: np.ndarray, inliers: int
) -> Registration:
    """A transform shifted until the blocks of a pair lie as often on one side as on the other."""
    height, width = source.shape
    for _ in range(_CENTRING_STEPS):
        warped = warp_structure(reference, matrix, height, width)
        inside = warp_structure(np.full_like(reference, 255), matrix, height, width) == 255
        shift, found = block_shifts(source, warped, inside)
        if not found.any():
            break
        x, y = np.median(shift[found], axis=0)
        matrix = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]]) @ matrix
        if np.hypot(x, y) < _CENTRED:
            break
    return Registration(matrix / matrix[2, 2], kind_of(matrix), inliers)


def kind_of(matrix: np.ndarray) -> TransformKind:
    """Whether a matrix is an affine transform or a homography."""
    return "affine" if np.allclose(matrix[2] / matrix[2, 2], (0, 0, 1), atol=1e-9) else "homography"
