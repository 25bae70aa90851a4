"""How a preview lays the reference of a pair: by control points, or by what align has found."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from pydantic import TypeAdapter, ValidationError

from unfade.align.identity_framing import identity_framings
from unfade.align.placed_by_hand import registration_by_points
from unfade.align.prepare import Raster, SizedPair
from unfade.align.transform.register import Registration, scaling
from unfade.errors import ProjectError
from unfade.film.alignment import Alignment, SmoothWarp
from unfade.film.clip import Clip
from unfade.film.control_points import ControlPoint, ControlPoints
from unfade.film.pair import Pair
from unfade.studio.pair_board import shows_same
from unfade.work.pair_records import PairRecords

SAME_PLACE_PX = 1.0
"""Distance, in pixels of the scan, up to which two transforms lay a picture alike."""

_points: TypeAdapter[tuple[ControlPoint, ...]] = TypeAdapter(ControlPoints)


@dataclass(frozen=True)
class Laying:
    """How a reference lies on the source; `words` say by what.

    `matrix` and `warp` are as those of `Alignment`. `own` is the alignment of the pair if it lays
    the reference alike.
    """

    matrix: np.ndarray
    words: str
    warp: SmoothWarp | None = None
    own: Alignment | None = None


def points_of(value: object) -> tuple[ControlPoint, ...]:
    """The control points that a page sends, as film.toml takes them.

    Raises:
        ProjectError: they are none, or give no transform.
    """
    try:
        return _points.validate_python(value)
    except ValidationError as error:
        refusal = error.errors()[0].get("ctx", {}).get("error")
        words = refusal or "a control point is four numbers from 0 to 100,000; place it again"
        raise ProjectError(str(words)) from error


def laying(
    records: PairRecords, pair: Pair, points: Sequence[ControlPoint], size: tuple[int, int]
) -> Laying:
    """How a pair is laid: by its control points, else by its own alignment, else by that of the
    nearest pair of its reference.

    Args:
        records: those of the film.
        pair: the pair.
        points: its control points, which may be none.
        size: height and width of its reference in its own pixels.

    Raises:
        ProjectError: the points do not fit the pair.
    """
    admitted = records.alignments.admitted if records.alignments else ()
    own = next(
        (one for one in admitted if one.pair.source == pair.source and shows_same(one.pair, pair)),
        None,
    )
    if points:
        raster = Raster.of(records.clips.source)
        found = placed(records, SizedPair(pair, size), points, raster)
        matrix, warp = raster.to_full_size(found.matrix, size), raster.warp_to_full_size(found)
        is_own = own is not None and _lie_alike(np.array(own.matrix), matrix, size)
        return Laying(matrix, "by its control points", warp, own if is_own else None)
    alignment = own or nearest(admitted, pair)
    if alignment is None:
        return Laying(by_outline(records.clips.source, size), "without an alignment")
    label = records.reference_label(alignment.pair)
    other = f"by the alignment of {alignment.pair.source} with {label}"
    words = "by its own alignment" if own else other
    return Laying(np.array(alignment.matrix), words, alignment.warp, own)


def nearest(admitted: Sequence[Alignment], pair: Pair) -> Alignment | None:
    """The alignment of the nearest pair of a reference, without those by control points, which lie
    as no other does; None for a picture."""
    found = [one for one in admitted if one.kind != "points"]
    alike = [one for one in found if pair.of is not None and one.pair.of == pair.of]
    return min(alike, key=lambda one: abs(one.pair.source - pair.source), default=None)


def framing_of(records: PairRecords, one: SizedPair, raster: Raster) -> Registration | None:
    """What stands for the framing that align measures from all pairs of a reference: that of the
    nearest pair that the machine has aligned, on a raster; None without one."""
    admitted = records.alignments.admitted if records.alignments else ()
    found = nearest([one for one in admitted if not one.pair.aligned], one.pair)
    if found is None:
        return None
    nodes = None if found.warp is None else np.array([found.warp.x, found.warp.y]) / raster.scale
    return Registration(
        raster.from_full_size(np.array(found.matrix), one.size), found.inliers, nodes
    )


def placed(
    records: PairRecords, one: SizedPair, points: Sequence[ControlPoint], raster: Raster
) -> Registration:
    """The registration of a pair by control points, on a raster.

    Raises:
        ProjectError: the points do not fit the pair.
    """
    framings = identity_framings(one, records.clips.source, raster)
    shared = framing_of(records, one, raster)
    try:
        return registration_by_points(one, points, records.clips, raster, framings, shared)
    except ValueError as error:
        raise ProjectError(str(error)) from error


def by_outline(scan: Clip, size: tuple[int, int]) -> np.ndarray:
    """The matrix of a reference of a size without an alignment: a picture of the scan's raster lies
    as it is, and all others fill the live area."""
    area, (height, width) = scan.live_area, size
    if (width, height) == (scan.width, scan.height):
        return np.array([[1.0, 0.0, -area.x], [0.0, 1.0, -area.y], [0.0, 0.0, 1.0]])
    return scaling(width, height, area.width, area.height)


def _lie_alike(one: np.ndarray, other: np.ndarray, size: tuple[int, int]) -> bool:
    height, width = size
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    here, there = (cv2.perspectiveTransform(corners, matrix) for matrix in (one, other))
    return float(np.linalg.norm(here - there, axis=2).max()) < SAME_PLACE_PX
