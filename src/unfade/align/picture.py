"""Pictures that have the scan's own raster: they lie as they are, and need not be searched."""

import numpy as np

from unfade.align.prepare import Prepared, Raster
from unfade.align.transform.register import Registration, scaling
from unfade.align.transform.shared_framing import (
    MIN_FOUND,
    MIN_TEXTURED,
    WELL_FOUND,
    Laid,
    clearly_better,
    measure,
)
from unfade.film.clip import Clip

_SAME_ASPECT = 0.01
"""Share by which width / height may differ: half a pixel in 50, from a picture made smaller."""
_CLOSE = 0.5
"""Pixels of median residual up to which nothing better is looked for."""


def own_framings(one: Prepared, source: Clip, raster: Raster) -> list[np.ndarray]:
    """The matrices, on the raster, by which a picture may lie on the scan as it is.

    A picture of the aspect of the scan's whole raster may show all of it, one of the aspect of its
    live area that. Frames of a reference have none.
    """
    if one.pair.picture is None:
        return []
    height, width = one.size
    area = source.live_area
    found = []
    for x, y, across, down in (
        (0, 0, source.width, source.height),
        (area.x, area.y, area.width, area.height),
    ):
        if abs(width * down / (height * across) - 1) < _SAME_ASPECT:
            there = np.array([[1.0, 0.0, x - area.x], [0.0, 1.0, y - area.y], [0.0, 0.0, 1.0]])
            inwards = scaling(area.width, area.height, raster.width, raster.height)
            outwards = scaling(raster.width, raster.height, across, down)
            found.append(inwards @ there @ outwards)
    return found


def as_it_lies(
    one: Prepared, framings: list[np.ndarray], searched: Registration | None = None
) -> Registration | None:
    """The framing by which a picture lies as it is, none where it does not.

    Args:
        one: the picture with its source.
        framings: what `own_framings` gave.
        searched: Result of the search. It is preferred if its residual is clearly smaller. None:
            accept only framings whose residual is at most `_CLOSE`.
    """
    laid = []
    for matrix in framings:
        found = measure(one.structures, Registration(matrix, 0))
        if found.textured >= MIN_TEXTURED and found.found >= MIN_FOUND:
            inliers = round(found.found * found.textured)
            laid.append(Laid(Registration(matrix, inliers), found))
    if not laid:
        return None
    best = min(laid, key=lambda each: each.residual.median)
    left = best.residual
    if left.median <= _CLOSE and left.found >= WELL_FOUND:
        return best.registration
    if searched is None or clearly_better(measure(one.structures, searched), left):
        return None
    return best.registration
