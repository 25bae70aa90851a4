"""Pictures painted on the scan's raster or live area, which need no search."""

import numpy as np

from unfade.align.prepare import PreparedPair, Raster, SizedPair
from unfade.align.transform.register import Registration, scaling
from unfade.align.transform.shared_framing import (
    GOOD_MATCHED_SHARE,
    MIN_MATCHED_SHARE,
    MIN_TEXTURED_BLOCKS,
    AlignmentCandidate,
    clearly_better,
    residual_of,
)
from unfade.film.clip import Clip

_MAX_ASPECT_DIFFERENCE = 0.01
"""Relative difference of aspect ratios up to which they are equal: half a pixel in 50, from
rounding in a reduced picture."""
_GOOD_RESIDUAL_PX = 0.5
"""Median residual up to which no other framing is tried."""


def identity_framings(pair: SizedPair, source: Clip, raster: Raster) -> list[np.ndarray]:
    """The matrices, on the raster, by which a picture may be aligned as it is.

    A picture with the aspect of the scan's whole raster may show all of it; one with the aspect of
    the live area may show that. Frames of a reference have none.
    """
    if pair.pair.picture is None:
        return []
    height, width = pair.size
    area = source.live_area
    framings = []
    for x, y, across, down in (
        (0, 0, source.width, source.height),
        (area.x, area.y, area.width, area.height),
    ):
        if abs(width * down / (height * across) - 1) < _MAX_ASPECT_DIFFERENCE:
            crop_offset = np.array(
                [[1.0, 0.0, x - area.x], [0.0, 1.0, y - area.y], [0.0, 0.0, 1.0]]
            )
            to_raster_size = scaling(area.width, area.height, raster.width, raster.height)
            to_picture = scaling(raster.width, raster.height, across, down)
            framings.append(to_raster_size @ crop_offset @ to_picture)
    return framings


def identity_registration(
    pair: PreparedPair, framings: list[np.ndarray], searched: Registration | None = None
) -> Registration | None:
    """The registration of a picture that is aligned as it is; none if it is not.

    Args:
        pair: the picture with its source.
        framings: result of `identity_framings`.
        searched: result of the search. It is preferred if its residual is clearly smaller. None:
            accept only framings whose residual is at most `_GOOD_RESIDUAL_PX`.
    """
    candidates = []
    for matrix in framings:
        residual = residual_of(pair.luma_pair, Registration(matrix, 0))
        if (
            residual.block_count >= MIN_TEXTURED_BLOCKS
            and residual.matched_share >= MIN_MATCHED_SHARE
        ):
            inliers = round(residual.matched_share * residual.block_count)
            candidates.append(AlignmentCandidate(Registration(matrix, inliers), residual))
    if not candidates:
        return None
    best = min(candidates, key=lambda each: each.residual.median)
    residual_of_best = best.residual
    if (
        residual_of_best.median <= _GOOD_RESIDUAL_PX
        and residual_of_best.matched_share >= GOOD_MATCHED_SHARE
    ):
        return best.registration
    if searched is None or clearly_better(residual_of(pair.luma_pair, searched), residual_of_best):
        return None
    return best.registration
