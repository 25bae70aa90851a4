"""Control points: places of the scan and of a reference that show the same thing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from math import hypot
from typing import Annotated

from pydantic import AfterValidator, Field

from unfade.film.alignment import TransformKind

PixelPosition = Annotated[float, Field(ge=0, le=100_000, strict=True)]
"""A position in pixels from the left or top border of a picture; its upper bound is ten times the
width of the widest film scan."""

ControlPoint = tuple[PixelPosition, PixelPosition, PixelPosition, PixelPosition]
"""x and y in the scan, x and y in the reference.

Each is in pixels of the whole upright picture, borders included, as a viewer shows it: 0, 0 is the
top left corner of the top left pixel, whose centre is 0.5, 0.5."""

PICTURE_NAMES = ("scan", "reference")

_MAX_POINTS = 32
"""Number of points of a pair, because the check for points on a line tries all fours of them."""
MAX_EXACT_POINTS = 4
"""Number of points up to which the transform meets all of them, so that they have no residual."""

_MIN_DISTANCE_PX = 1.0
"""Distance of two points from which they differ: a hand is no steadier."""
_MIN_TRIANGLE_RATIO = 0.05
"""Height of three points over their longest side, divided by this side, from which they are not on
a line: across a triangle of a twentieth, an error of a point grows twentyfold."""

Position = tuple[float, float]
Triple = tuple[int, int, int]


def check_control_points(points: Sequence[ControlPoint]) -> tuple[ControlPoint, ...]:
    """The points, which determine a transform that neither mirrors nor tears the picture.

    Raises:
        ValueError: there are too many, two are equal, they lie on a line, or their order around
            one another differs in the two pictures.
    """
    if len(points) > _MAX_POINTS:
        raise ValueError(f"there are {len(points)} points, above {_MAX_POINTS}; take some out")
    for name, positions in zip(PICTURE_NAMES, positions_of(points), strict=True):
        for one, other in combinations(range(len(points)), 2):
            if _distance(positions[one], positions[other]) < _MIN_DISTANCE_PX:
                raise ValueError(
                    f"points {one + 1} and {other + 1} are equal in the {name}; move one, or take "
                    "it out"
                )
        if len(points) >= 3:
            _check_lines(name, positions)
    _check_order(points)
    return tuple(points)


ControlPoints = Annotated[tuple[ControlPoint, ...], AfterValidator(check_control_points)]
"""The control points of a pair."""


def kind_by_count(count: int) -> TransformKind:
    """The kind of transform that a number of points gives, at least one."""
    kinds: tuple[TransformKind, ...] = ("translation", "similarity", "affine", "homography")
    return kinds[min(count, len(kinds)) - 1]


def positions_of(points: Sequence[ControlPoint]) -> tuple[list[Position], list[Position]]:
    """The positions of points in the scan, and those in the reference."""
    return [point[:2] for point in points], [point[2:] for point in points]


def _check_lines(name: str, positions: list[Position]) -> None:
    """
    Raises:
        ValueError: three points lie on a line, or of four or more no four are in general position.
    """
    triangles = {*_triangles(positions)}
    if len(positions) == 3 and not triangles:
        raise ValueError(f"the three points lie on a line in the {name}; move one off it")
    fours = combinations(range(len(positions)), 4)
    if len(positions) > 3 and not any(
        all(triple in triangles for triple in combinations(four, 3)) for four in fours
    ):
        raise ValueError(
            f"all fours of the points have three on a line in the {name}; move one off it, or "
            "leave three points"
        )


def _check_order(points: Sequence[ControlPoint]) -> None:
    """
    Raises:
        ValueError: three points turn clockwise in one picture and anticlockwise in the other.
    """
    scan, reference = positions_of(points)
    in_reference = {*_triangles(reference)}
    triangles = [triple for triple in _triangles(scan) if triple in in_reference]
    turned = [triple for triple in triangles if _area(scan, triple) * _area(reference, triple) < 0]
    if not turned:
        return
    if len(turned) == len(triangles):
        raise ValueError(
            "the points mirror the reference; set its 'orientation', or exchange points that are "
            "mixed up"
        )
    worst, _ = Counter(index for triple in turned for index in triple).most_common(1)[0]
    raise ValueError(
        f"point {worst + 1} lies on the other side of its neighbours in one of the pictures; move "
        "it, or take it out"
    )


def _triangles(positions: list[Position]) -> Iterator[Triple]:
    """The indices of every three positions that are not on a line."""
    for one, two, three in combinations(range(len(positions)), 3):
        corners = positions[one], positions[two], positions[three]
        longest = max(_distance(a, b) for a, b in combinations(corners, 2))
        if abs(_area(positions, (one, two, three))) >= _MIN_TRIANGLE_RATIO * longest**2:
            yield one, two, three


def _area(positions: list[Position], triple: Triple) -> float:
    """Twice the area of a triangle, positive if its corners turn clockwise."""
    (ax, ay), (bx, by), (cx, cy) = (positions[index] for index in triple)
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


def _distance(one: Position, other: Position) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])
