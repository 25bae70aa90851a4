"""Pairs whose reference a person has placed with control points, which need no search."""

from collections.abc import Sequence

import numpy as np

from unfade.align.prepare import Raster, SizedPair
from unfade.align.transform.control_points import PointPicture, PointTransform, transform_by_points
from unfade.align.transform.register import Registration
from unfade.align.transform.smooth import at_points
from unfade.film.clip import Clips
from unfade.film.control_points import MAX_EXACT_POINTS, ControlPoint, positions_of
from unfade.film.pair import Pair
from unfade.film.wording import counted
from unfade.project.settings import Project

_MAX_POINTS_ON_FRAMING = 2
"""Number of points up to which they move a framing and do not give one."""


def control_points(project: Project, pair: Pair) -> tuple[ControlPoint, ...]:
    """The control points of a pair in film.toml; empty if the machine chose the pair."""
    if pair.chosen_by == "machine":
        return ()
    return next((one.points for one in project.pair if one.source == pair.source), ())


def registration_by_points(
    one: SizedPair,
    points: Sequence[ControlPoint],
    clips: Clips,
    raster: Raster,
    framings: list[np.ndarray],
    shared: Registration | None,
) -> Registration:
    """The registration that control points give.

    1 or 2 points move a framing with its smooth warp: that of the film for a frame of a reference,
    and an identity framing for a picture, if there is one.

    Args:
        one: the pair.
        points: its control points, at least one.
        clips: source and references.
        raster: raster of the film.
        framings: result of `identity_framings`.
        shared: the framing that the pairs of the reference share.

    Raises:
        ValueError: the points lie outside a picture, or fold it.
    """
    source = PointPicture.of_clip(clips.source)
    if one.pair.of is None:
        reference = PointPicture.of_size(one.size[1], one.size[0])
        start = Registration(framings[0], 0) if framings else None
    else:
        reference, start = PointPicture.of_clip(clips.references[one.pair.of]), shared
    if start is None or len(points) > _MAX_POINTS_ON_FRAMING:
        start, transform = None, transform_by_points(points, source, reference)
    else:
        framing = raster.to_full_size(start.matrix, one.size)
        bend = _bend(start, points, source, raster)
        transform = transform_by_points(points, source, reference, framing, bend)
    matrix = raster.from_full_size(transform.matrix, one.size)
    return Registration(matrix, len(points), start.smooth if start else None, transform)


def describe_points(transform: PointTransform) -> str:
    """The number of control points, and if they are more than the transform needs, how well it fits
    them, in words."""
    distances = transform.distances
    count = counted(len(distances), "control point")
    if len(distances) <= MAX_EXACT_POINTS:
        return count
    worst = int(distances.argmax())
    return (
        f"{count}, their residual {transform.residual:.2f} px, "
        f"at most {distances[worst]:.2f} px at point {worst + 1}"
    )


def _bend(
    framing: Registration, points: Sequence[ControlPoint], source: PointPicture, raster: Raster
) -> np.ndarray | None:
    """The displacement by a framing's smooth warp at control points of the source, (n, 2) pixels of
    the source; None without a warp."""
    if framing.smooth is None:
        return None
    corner = source.live_area.x, source.live_area.y
    positions = (np.array(positions_of(points)[0]) - corner) / raster.scale - 0.5
    return at_points(framing.smooth, positions, raster.height, raster.width) * raster.scale
