"""The verdict on a pair: its measurements under a registration, and why it must be rejected."""

import math
from dataclasses import dataclass

import numpy as np

from unfade.align.aligned_pair import AlignedPair
from unfade.align.measure.coverage import covered_area, on_live_area
from unfade.align.measure.residual import Residual
from unfade.align.prepare import PreparedPair, Raster
from unfade.align.transform.register import Registration
from unfade.align.transform.shared_framing import AlignmentCandidate
from unfade.film.clip import Area

MIN_COVERED_SHARE = 0.05
"""Share of the live area that a reference must cover. Less shows few colours, and the crop that all
pairs share would shrink to it."""


@dataclass(frozen=True)
class PairVerdict:
    """What the measurements say of a pair.

    `view` is the pair under its registration, or as it is without one. `residual`, in pixels of the
    source, is None without one, too. `coverage` is the part of the live area that the reference
    covers. `reason` is why the pair must be rejected, empty if it is admitted; `overruled` is one
    that its control points overrule.
    """

    view: AlignedPair
    reason: str
    residual: Residual | None = None
    coverage: Area | None = None
    overruled: str | None = None


def judge(
    max_residual: float,
    one: PreparedPair,
    registration: Registration | None,
    framings: list[np.ndarray],
    raster: Raster,
) -> PairVerdict:
    """The verdict on a pair.

    Args:
        max_residual: largest admissible median residual, in pixels of the source.
        one: the pair.
        registration: how its reference is laid; None if the search found no way.
        framings: result of `identity_framings`.
        raster: raster of the film.
    """
    if registration is None:
        inliers = one.luma_pair.own.inliers if one.luma_pair.own is not None else 0
        unaligned = AlignedPair(one, Registration(np.eye(3), 0))
        return PairVerdict(unaligned, f"only {inliers} feature matches are inliers")
    view = AlignedPair(one, registration)
    residual = view.residual().scaled(raster.scale)
    coverage = _covered_live_area(view, raster)
    found = _rejection_reason(max_residual, registration, residual, framings, view, raster)
    reason, overruled = (found, None) if registration.points is None else (None, found)
    reason = reason or _too_little_covered(coverage, raster)
    return PairVerdict(view, reason, residual, coverage, overruled)


def _rejection_reason(
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


def _covered_live_area(view: AlignedPair, raster: Raster) -> Area | None:
    """The part of the live area that a reference covers; None if it covers nothing."""
    covered = covered_area(view.warp_map.covered())
    return covered and on_live_area(covered, (raster.height, raster.width), raster.live)


def _too_little_covered(coverage: Area | None, raster: Raster) -> str:
    """Why the part of the live area that a reference covers is too small; empty if it is not."""
    if coverage is None:
        return "the reference covers no part of the source"
    share = coverage.width * coverage.height / math.prod(raster.live)
    is_small = share < MIN_COVERED_SHARE
    return f"the reference covers only {share:.1%} of the source" if is_small else ""
