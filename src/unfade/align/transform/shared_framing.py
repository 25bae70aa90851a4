"""The framing that all pairs of a film share, and the alignment of each pair from it.

The framing of a reference is constant over the film, except for a shift per frame by the weave of
the scan in its gate. All pairs together therefore determine it better than a single pair, and a
pair with few features can still be aligned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np

from unfade.align.measure.residual import Blocks, Residual, SourceBlocks, residual_of_blocks
from unfade.align.transform.register import (
    PointMatches,
    Registration,
    WarpMap,
    find_features,
    implausible,
    match,
    register,
)
from unfade.align.transform.selection import MAX_ERROR_RATIO, select_transform, transfer_error
from unfade.align.transform.smooth import at_points, fit_smooth
from unfade.film.alignment import TransformKind
from unfade.work.cores import on_all_cores

MIN_INLIERS = 40
"""Number of inliers from which a pair's own registration is used: fewer may agree by chance."""
MIN_MATCHED_SHARE = 0.15
"""Share of the textured blocks that must be matched: different shots and black had 0.06 at most;
true pairs, clouds under heavy grain, 0.23 at least."""
MIN_TEXTURED_BLOCKS = 6
"""Number of textured blocks that a residual requires: the median of fewer is unreliable."""
_MAX_OWN_RESIDUAL_RATIO = 0.6
"""Residual of a pair's own transform, as a share of the shared framing's, below which it is
preferred if its 95th percentile is no larger. With few textured blocks a pair's own transform
extrapolates badly."""
_GOOD_RESIDUAL_PX = 0.5
"""Median residual up to which a pair's own transform is not tried."""
GOOD_MATCHED_SHARE = 0.5
"""Share of the textured blocks that must be matched in addition, for the pair's own transform not
to be tried."""
_OWN_KINDS: tuple[TransformKind, ...] = ("translation", "similarity", "affine")
"""Kinds of transforms by which a pair may differ from the shared framing: weave in the gate, and
the scanner's transport."""
_MAX_MEASUREMENTS = 3
"""Largest number of measurements of a pair, because blocks measure a small shift more precisely.
Most pairs need fewer, by `_SMALL_SHIFT_PX` or `_CONVERGED_PX`."""
_FRAMING_ROUNDS = 3
"""Number of refinements of the shared framing, because under a better framing more blocks are
matched."""
_MAX_MATCH_ERROR_PX = 10.0
"""Distance of a feature match from the framing up to which it is used: more than a telecine
distorts a picture."""
_SMALL_SHIFT_PX = 0.3
"""Shift of a pair up to which its blocks are not measured again, because that gains little
precision."""
_CONVERGED_PX = 0.05
"""Largest correction of any block that ends the iteration."""
_SHARED_KINDS: tuple[TransformKind, ...] = ("affine", "homography")
"""Kinds of transforms that may correct the shared framing."""
_MIN_POOLED_PAIRS = 4
"""Number of pairs whose features together cover the picture, so that no transform extrapolates."""
_KEPT_REGISTRATIONS = 2
"""Number of registrations of a pair whose measurements are kept: those that are compared, of which
the better one is measured further."""
_POOLED_ERROR_RATIO = 0.97
"""Held-out error of a homography, as a share of an affine transform's, up to which it is preferred
for that many pairs."""


class WarpedReference:
    """The reference of a pair under a registration: its `luma`, equalised, uint8 (H, W)."""

    def __init__(self, pair: "LumaPair", registration: Registration) -> None:
        """`pair` has the source and the reference."""
        self._pair, self.registration = pair, registration
        self.warp_map = WarpMap(registration, *pair.source.shape)
        self.luma = self.warp_map.warp(pair.reference)

    @cached_property
    def blocks(self) -> Blocks:
        """The shifts of its textured blocks."""
        return self._pair.source_blocks.shifts(self.luma, self.warp_map.inside)


@dataclass(frozen=True)
class LumaPair:
    """The equalised lumas of a pair on the raster, uint8 (H, W)."""

    source: np.ndarray
    reference: np.ndarray
    _kept: list[WarpedReference] = field(default_factory=list, repr=False, compare=False)

    def under(self, registration: Registration) -> WarpedReference:
        """The reference under a registration; the latest ones are kept."""
        for warped in self._kept:
            if warped.registration is registration:
                return warped
        warped = WarpedReference(self, registration)
        self._kept[:] = [warped, *self._kept[: _KEPT_REGISTRATIONS - 1]]
        return warped

    @cached_property
    def source_blocks(self) -> SourceBlocks:
        """The textured blocks of the source."""
        return SourceBlocks(self.source)

    def find_own(self) -> None:
        """Finds its own registration ahead of its use, in a thread of the caller."""
        _ = self.own

    @cached_property
    def matches(self) -> PointMatches:
        """The matches of its features."""
        return match(find_features(self.source), find_features(self.reference))

    @cached_property
    def own(self) -> Registration | None:
        """The registration by its own features; none if there are too few."""
        return register(self.matches)


@dataclass(frozen=True)
class _ShiftSamples:
    """Points of the source (n, 2) and their shifts (n, 2): how far from each point, in pixels, the
    framing places what the source shows there. The shift of the whole pair, `weave` (2,), is
    subtracted."""

    points: np.ndarray
    shifts: np.ndarray
    weave: np.ndarray


@dataclass(frozen=True)
class AlignmentCandidate:
    """A registration of a pair and its residual."""

    registration: Registration
    residual: Residual

    def rejection_reason(
        self, max_residual: float, height: int, width: int, framings: Sequence[np.ndarray] = ()
    ) -> str | None:
        """Why the pair must be rejected; none if it can be admitted.

        Args:
            max_residual: largest admissible median residual, in pixels of the source.
            height: height of the source, in pixels.
            width: width of the source, in pixels.
            framings: matrices relative to which the transform may be plausible, as alternatives to
                the framing of a reference that shows the source's whole live area.
        """
        matrix = self.registration.matrix
        relative = [matrix, *(matrix @ np.linalg.inv(framing) for framing in framings)]
        reasons = [implausible(one, height, width) for one in relative]
        return reasons[-1] if all(reasons) else self.poor_residual(max_residual)

    def poor_residual(self, max_residual: float) -> str | None:
        """Why the residual does not confirm the transform; none if it does.

        Args:
            max_residual: largest admissible median residual, in pixels of the source.
        """
        residual = self.residual
        if residual.block_count < MIN_TEXTURED_BLOCKS:
            return f"only {residual.block_count} blocks have enough texture to measure"
        if residual.matched_share < MIN_MATCHED_SHARE:
            return f"only {residual.matched_share:.0%} of the textured blocks match the reference"
        if residual.median > max_residual:
            return f"median residual {residual.median:.1f} px is above {max_residual:g} px"
        return None


def shared_framing(pairs: Sequence[LumaPair]) -> Registration | None:
    """The framing on which most pairs agree, apart from the weave of each.

    The registrations by the pairs' own features give the start. The blocks and features of all
    pairs then refine the transform, and add a smooth warp if it reduces the held-out error.

    Returns:
        None if no pair has a registration with enough inliers.
    """
    if not pairs:
        return None
    height, width = pairs[0].source.shape
    registrations = [pair.own for pair in pairs if pair.own is not None]
    matrix = _median_transform(registrations, height, width)
    if matrix is None:
        return None
    shared = Registration(matrix, 0)
    weaves = [np.zeros(2) for _ in pairs]
    for _ in range(_FRAMING_ROUNDS):
        samples = _all_shift_samples(pairs, shared, weaves)
        weaves = [one.weave for one in samples]
        shared = _refined(shared, samples, height, width)
    return shared


def align_pair(pair: LumaPair, shared: Registration | None) -> Registration | None:
    """The better of the shared framing, fitted to a pair, and the pair's own registration.

    The pair's own features are detected only if the shared framing leaves a large residual.

    Returns:
        None if there is neither.
    """
    pooled = None if shared is None else _with_own_shift(pair, shared)
    pooled_residual = None if pooled is None else residual_of(pair, pooled)
    if (
        pooled_residual is not None
        and pooled_residual.median <= _GOOD_RESIDUAL_PX
        and pooled_residual.matched_share >= GOOD_MATCHED_SHARE
    ):
        return pooled
    own = pair.own if pair.own is not None and pair.own.inliers >= MIN_INLIERS else None
    if pooled_residual is None or own is None:
        return pooled or own
    return own if clearly_better(residual_of(pair, own), pooled_residual) else pooled


def clearly_better(own: Residual, other: Residual) -> bool:
    """Whether a residual is so much smaller than another that its transform is preferred."""
    return own.median < _MAX_OWN_RESIDUAL_RATIO * other.median and own.p95 <= other.p95


def residual_of(pair: LumaPair, registration: Registration) -> Residual:
    """The residual of a registration over all textured blocks; `moving` and `edges` are not
    measured."""
    return residual_of_blocks(pair.under(registration).blocks)


def _median_transform(
    registrations: list[Registration], height: int, width: int
) -> np.ndarray | None:
    """The median of registrations with enough inliers: corner by corner, shifts apart."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    quads = [
        cv2.perspectiveTransform(corners[None], one.matrix)[0]
        for one in registrations
        if one.inliers >= MIN_INLIERS and implausible(one.matrix, height, width) is None
    ]
    if not quads:
        return None
    centres = np.array([quad.mean(axis=0) for quad in quads])
    shape = np.median([quad - centre for quad, centre in zip(quads, centres, strict=True)], axis=0)
    target = shape - shape.mean(axis=0) + np.median(centres, axis=0)
    return np.asarray(
        cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32)),
        np.float64,
    )


def _all_shift_samples(
    pairs: Sequence[LumaPair], shared: Registration, weaves: Sequence[np.ndarray]
) -> list[_ShiftSamples]:
    """The `_shift_samples` of all pairs."""

    def of_pair(index: int) -> _ShiftSamples:
        return _shift_samples(pairs[index], shared, weaves[index])

    return list(on_all_cores(of_pair, range(len(pairs))))


def _shift_samples(pair: LumaPair, shared: Registration, weave: np.ndarray) -> _ShiftSamples:
    """Shifts that blocks and features of a pair measure, after subtracting that of the whole pair.

    Args:
        pair: the pair.
        shared: the shared framing.
        weave: first estimate of the shift of the whole pair, x and y in pixels.
    """
    shift = weave
    for _ in range(_MAX_MEASUREMENTS):
        shared = _corrected(shared, np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]]))
        blocks = WarpedReference(pair, shared).blocks
        if not blocks.is_matched.any():
            shift = np.zeros(2)
            break
        shift = np.median(blocks.shifts[blocks.is_matched], axis=0)
        weave = weave + shift
        if np.hypot(*shift) < _SMALL_SHIFT_PX:
            break
    points, shifts = blocks.points[blocks.is_matched], blocks.shifts[blocks.is_matched] - shift
    if shared.smooth is not None:
        # The block was measured after the warp, so the warp's displacement is added back.
        shifts = shifts + at_points(shared.smooth, points + shifts, *pair.source.shape)
    source_points = pair.matches.source_points.astype(np.float64)
    reference_points = pair.matches.reference_points.astype(np.float64)
    if len(source_points) == 0:
        return _ShiftSamples(points, shifts, weave)
    errors = _transformed(shared.matrix, reference_points) - shift - source_points
    near = np.linalg.norm(errors, axis=1) < _MAX_MATCH_ERROR_PX
    return _ShiftSamples(
        np.concatenate([points, source_points[near]]), np.concatenate([shifts, errors[near]]), weave
    )


def _refined(
    shared: Registration, samples: list[_ShiftSamples], height: int, width: int
) -> Registration:
    """The framing corrected by the shifts of all pairs."""
    points = np.concatenate([one.points for one in samples])
    shifts = np.concatenate([one.shifts for one in samples])
    if len(points) < MIN_TEXTURED_BLOCKS:
        return shared
    if shared.smooth is None:
        max_error_ratio = (
            _POOLED_ERROR_RATIO if len(samples) >= _MIN_POOLED_PAIRS else MAX_ERROR_RATIO
        )
        correction = select_transform(points, points + shifts, _SHARED_KINDS, max_error_ratio)
        shared = _corrected(shared, correction)
        shifts = shifts - (_transformed(correction, points) - points)
    return replace(shared, smooth=fit_smooth(points, shifts, height, width))


def _with_own_shift(pair: LumaPair, shared: Registration) -> Registration:
    """The shared framing corrected by the blocks of a pair; `inliers` is the number of these."""
    for step in range(_MAX_MEASUREMENTS):
        blocks = pair.under(shared).blocks
        points, shifts = blocks.points[blocks.is_matched], blocks.shifts[blocks.is_matched]
        shared = replace(shared, inliers=len(points))
        if len(points) == 0:
            break
        kinds = _OWN_KINDS if step else _OWN_KINDS[:1]
        correction = select_transform(points, points + shifts, kinds)
        shared = _corrected(shared, correction)
        if step and transfer_error(correction, points, points).max() < _CONVERGED_PX:
            break
    return shared


def _corrected(registration: Registration, correction: np.ndarray) -> Registration:
    """The registration after a correction: a point shows what it showed at `correction` of the
    point before."""
    matrix = np.linalg.inv(correction) @ registration.matrix
    return replace(registration, matrix=matrix / matrix[2, 2])


def _transformed(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.perspectiveTransform(points[None], matrix)[0])
