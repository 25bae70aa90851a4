"""The framing that all pairs of a film share, and how each pair makes use of it.

The reference frames a film the same way throughout but for the weave of the scan in its gate,
which is a shift. So many pairs together know the transform better than one alone, and a pair with
few features of its own can still be laid.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from operator import attrgetter

import cv2
import numpy as np
import torch

from unfade.align.measure.residual import Blocks, Residual, block_shifts, measure_residual
from unfade.align.transform.ladder import CLEARLY_BETTER, climb, misfit
from unfade.align.transform.register import (
    Place,
    PointMatches,
    Registration,
    find_features,
    implausible,
    match,
    register,
)
from unfade.align.transform.smooth import at_points, fit_smooth
from unfade.film.alignment import TransformKind

MIN_INLIERS = 40
"""PointMatches that a registration needs to stand alone."""
MIN_FOUND = 0.15
"""Share of the textured blocks that must be found again: 0.06 at most were between shots and in
black, 0.23 at least in true pairs, clouds under heavy grain."""
MIN_TEXTURED = 6
"""Blocks that a residual must be measured on."""
_OWN_IS_BETTER = 0.6
"""Share of the shared framing's residual below which a pair's own transform is preferred, if its
95th percentile is no larger: where few blocks have texture, it runs away from the others."""
_CLOSE = 0.5
"""Pixels of median residual up to which a pair's own transform is not asked for."""
WELL_FOUND = 0.5
"""Share of the textured blocks that is then found again at least."""
_WEAVES: tuple[TransformKind, ...] = ("translation", "similarity", "affine")
"""What may differ between one pair and another of a film: the gate, and the scanner's transport."""
_STEPS = 3
"""Measurements of a pair at most, because blocks find a shift the better the smaller it is. Most
pairs end earlier, by `_NEAR` or `_STEADY`."""
_ROUNDS = 3
"""Improvements of the shared framing, because a better one finds more blocks for the next."""
_FAR = 10.0
"""Pixels that a match may be off the framing to be heard: more than a telecine bends a picture."""
_NEAR = 0.3
"""Pixels of shift up to which a pair need not be laid anew to be measured."""
_STEADY = 0.05
"""Pixels that a correction moves any block at most that calls for no other."""
_ALL_ALIKE: tuple[TransformKind, ...] = ("affine", "homography")
_TOGETHER = 4
"""Pairs whose features reach all over the picture between them, so that no transform runs away."""
_BETTER_TOGETHER = 0.97
"""Share of an affine transform's error that a homography may then have at most."""


@dataclass(frozen=True)
class Structures:
    """The structure of a pair on the raster, uint8 (H, W)."""

    source: np.ndarray
    reference: np.ndarray

    @cached_property
    def matches(self) -> PointMatches:
        """Which of its features match."""
        return match(find_features(self.source), find_features(self.reference))

    @cached_property
    def own(self) -> Registration | None:
        """What its own features say, if anything."""
        return register(self.matches)


@dataclass(frozen=True)
class _Evidence:
    """Points of the source (n, 2), and how far beside each the matrix of a framing lays what the
    source shows there, (n, 2) pixels, apart from the shift that is the pair's own, `weave` (2,)."""

    points: np.ndarray
    shifts: np.ndarray
    weave: np.ndarray


@dataclass(frozen=True)
class Laid:
    """A reference laid on its source: the transform, how it was found, what is left."""

    registration: Registration
    residual: Residual

    def fault(
        self, max_residual: float, height: int, width: int, framings: Sequence[np.ndarray] = ()
    ) -> str | None:
        """Why this cannot be admitted, or none where it can.

        Args:
            max_residual: largest median residual, in pixels of the source.
            height: of the source, in pixels.
            width: of it.
            framings: matrices beside which the transform has to be plausible, any of them; none for
                that of a reference whose picture shows the source's whole live area.
        """
        matrix = self.registration.matrix
        beside = [matrix, *(matrix @ np.linalg.inv(framing) for framing in framings)]
        odd = [implausible(one, height, width) for one in beside]
        if all(odd):
            return odd[-1]
        left = self.residual
        if left.textured < MIN_TEXTURED:
            return f"only {left.textured} blocks have texture to measure by"
        if left.found < MIN_FOUND:
            return f"only {left.found:.0%} of the textured blocks are found again"
        if left.median > max_residual:
            return f"median residual {left.median:.1f} px is above {max_residual:g} px"
        return None


def shared_framing(pairs: Sequence[Structures]) -> Registration | None:
    """The framing that most of the pairs agree on, apart from the weave of each.

    The registrations of the pairs' own features start it. Then the blocks and the features of all
    pairs say what is left: a better transform, and a smooth warp where those kept apart confirm it.

    Returns:
        None where no registration stands alone.
    """
    if not pairs:
        return None
    height, width = pairs[0].source.shape
    with ThreadPoolExecutor(os.cpu_count(), "survey", torch.set_num_threads, (1,)) as threads:
        own = list(threads.map(attrgetter("own"), pairs))
        matrix = _middle([one for one in own if one is not None], height, width)
        if matrix is None:
            return None
        shared = Registration(matrix, 0)
        weaves = [np.zeros(2) for _ in pairs]
        for _ in range(_ROUNDS):
            found = list(threads.map(_evidence, pairs, repeat(shared), weaves))
            weaves = [one.weave for one in found]
            shared = _improved(shared, found, height, width)
    return shared


def lay(pair: Structures, shared: Registration | None) -> Registration | None:
    """The better of a pair's own transform and the shared one, moved to fit.

    Its own features are only looked for where the shared one leaves something to be wished.

    Returns:
        None where there is neither.
    """
    pooled = None if shared is None else _woven(pair, shared)
    both = None if pooled is None else measure(pair, pooled)
    if both is not None and both.median <= _CLOSE and both.found >= WELL_FOUND:
        return pooled
    alone = pair.own if pair.own is not None and pair.own.inliers >= MIN_INLIERS else None
    if both is None or alone is None:
        return pooled or alone
    return alone if clearly_better(measure(pair, alone), both) else pooled


def clearly_better(own: Residual, other: Residual) -> bool:
    """Whether a transform of a pair's own leaves so much less that it is preferred."""
    return own.median < _OWN_IS_BETTER * other.median and own.p95 <= other.p95


def measure(pair: Structures, registration: Registration) -> Residual:
    """The residual of a registration, apart from what moves."""
    place = Place(registration, *pair.source.shape)
    return measure_residual(pair.source, place.lay(pair.reference), place.inside)


def _middle(found: list[Registration], height: int, width: int) -> np.ndarray | None:
    """The transform in the middle of those that stand alone: corner by corner, shifts apart."""
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


def _evidence(pair: Structures, shared: Registration, weave: np.ndarray) -> _Evidence:
    """What blocks and features of a pair say, after a shift that makes it fit the framing.

    Args:
        pair: which.
        shared: the framing.
        weave: the shift, x and y in pixels, to begin with.
    """
    shift = weave
    for _ in range(_STEPS):
        shared = _moved(shared, np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]]))
        blocks = _measured(pair, shared)
        if not blocks.found.any():
            shift = np.zeros(2)
            break
        shift = np.median(blocks.shifts[blocks.found], axis=0)
        weave = weave + shift
        if np.hypot(*shift) < _NEAR:
            break
    points, shifts = blocks.points[blocks.found], blocks.shifts[blocks.found] - shift
    if shared.smooth is not None:
        # What lies beside a point has itself been moved by the warp.
        shifts = shifts + at_points(shared.smooth, points + shifts, *pair.source.shape)
    here = pair.matches.here.astype(np.float64)
    there = pair.matches.there.astype(np.float64)
    if len(here) == 0:
        return _Evidence(points, shifts, weave)
    off = _apply(shared.matrix, there) - shift - here
    near = np.linalg.norm(off, axis=1) < _FAR
    return _Evidence(
        np.concatenate([points, here[near]]), np.concatenate([shifts, off[near]]), weave
    )


def _improved(
    shared: Registration, found: list[_Evidence], height: int, width: int
) -> Registration:
    """A framing that fits the evidence of all pairs better."""
    points = np.concatenate([one.points for one in found])
    shifts = np.concatenate([one.shifts for one in found])
    if len(points) < MIN_TEXTURED:
        return shared
    if shared.smooth is None:
        better = _BETTER_TOGETHER if len(found) >= _TOGETHER else CLEARLY_BETTER
        correction = climb(points, points + shifts, _ALL_ALIKE, better)
        shared = _moved(shared, correction)
        shifts = shifts - (_apply(correction, points) - points)
    return replace(shared, smooth=fit_smooth(points, shifts, height, width))


def _woven(pair: Structures, shared: Registration) -> Registration:
    """The shared framing moved as the blocks of a pair say; its `inliers` are those blocks."""
    for step in range(_STEPS):
        blocks = _measured(pair, shared)
        points, shifts = blocks.points[blocks.found], blocks.shifts[blocks.found]
        shared = replace(shared, inliers=len(points))
        if len(points) == 0:
            break
        kinds = _WEAVES if step else _WEAVES[:1]
        correction = climb(points, points + shifts, kinds)
        shared = _moved(shared, correction)
        if step and misfit(correction, points, points).max() < _STEADY:
            break
    return shared


def _measured(pair: Structures, registration: Registration) -> Blocks:
    place = Place(registration, *pair.source.shape)
    return block_shifts(pair.source, place.lay(pair.reference), place.inside)


def _moved(registration: Registration, correction: np.ndarray) -> Registration:
    """A registration under which a point shows what `correction` of it showed before."""
    matrix = np.linalg.inv(correction) @ registration.matrix
    return replace(registration, matrix=matrix / matrix[2, 2])


def _apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.perspectiveTransform(points[None], matrix)[0])
