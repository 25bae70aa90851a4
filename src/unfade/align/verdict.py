"""How the search lays a pair, and why a pair must be rejected."""

import math

import numpy as np

from unfade.align.aligned_pair import AlignedPair
from unfade.align.identity_framing import identity_registration
from unfade.align.measure.coverage import covered_area, on_live_area
from unfade.align.measure.residual import Residual
from unfade.align.prepare import PreparedPair, Raster
from unfade.align.transform.register import Registration
from unfade.align.transform.shared_framing import AlignmentCandidate, align_pair
from unfade.film.clip import Area

MIN_COVERED_SHARE = 0.05
"""Share of the live area that a reference must cover. Less shows few colours, and the crop that all
pairs share would shrink to it."""


def search(
    one: PreparedPair, shared: Registration | None, framings: list[np.ndarray]
) -> Registration | None:
    """The registration of a pair without control points; None if the search finds none.

    Args:
        one: the pair.
        shared: the framing that the pairs of the reference share.
        framings: result of `identity_framings`.
    """
    if one.pair.aligned:
        return Registration(np.eye(3), 0)
    if (identity := identity_registration(one, framings)) is not None:
        return identity
    searched = align_pair(one.luma_pair, shared)
    return (
        searched if searched is None else identity_registration(one, framings, searched) or searched
    )


def rejection_reason(
    max_residual: float,
    registration: Registration,
    residual: Residual,
    framings: list[np.ndarray],
    view: AlignedPair,
    raster: Raster,
) -> str | None:
    """Why a pair must be rejected by its measurements; none if it can be admitted. Control points
    may turn and scale the reference by any amount.

    Args:
        max_residual: largest admissible median residual, in pixels of the source.
        registration: how the reference is laid.
        residual: what it leaves, in pixels of the source.
        framings: result of `identity_framings`.
        view: the pair under the registration.
        raster: raster of the film.
    """
    if view.pair.aligned:
        return None
    candidate = AlignmentCandidate(registration, residual)
    if registration.points is not None:
        return candidate.poor_residual(max_residual)
    reason = candidate.rejection_reason(max_residual, raster.height, raster.width, framings)
    return reason or view.wrong_instant()


def covered_live_area(view: AlignedPair, raster: Raster) -> Area | None:
    """The part of the live area that a reference covers; None if it covers nothing."""
    covered = covered_area(view.warp_map.covered())
    return covered and on_live_area(covered, (raster.height, raster.width), raster.live)


def too_little_covered(coverage: Area | None, raster: Raster) -> str:
    """Why the part of the live area that a reference covers is too small; empty if it is not."""
    if coverage is None:
        return "the reference covers no part of the source"
    share = coverage.width * coverage.height / math.prod(raster.live)
    is_small = share < MIN_COVERED_SHARE
    return f"the reference covers only {share:.1%} of the source" if is_small else ""
