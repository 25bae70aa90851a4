"""Control points: their transform, against independent solutions, and points that give none."""

import numpy as np
import pytest

from unfade.align.transform.control_points import PointPicture, transform_by_points
from unfade.film.clip import Area
from unfade.film.control_points import check_control_points

SCAN = PointPicture(2048, 1556, Area(x=100, y=40, width=1800, height=1350))
DVD = PointPicture(720, 576, Area(x=8, y=2, width=704, height=572), pixel_aspect=16 / 15)
PLACES = [
    (60.0, 40.0),
    (650.0, 90.0),
    (600.0, 520.0),
    (90.0, 500.0),
    (360.0, 300.0),
    (200.0, 120.0),
]
HOMOGRAPHY = np.array([[2.5, 0.06, 90.0], [-0.04, 2.4, 60.0], [4e-5, -3e-5, 1.0]])
"""From the DVD's pixels to the scan's, both from the corners of their whole frames."""


def carried(matrix, places):
    """Points (n, 2) after a matrix."""
    moved = np.column_stack([places, np.ones(len(places))]) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def pointed(places, matrix=HOMOGRAPHY, error=0.0):
    """Control points at places of the DVD; `error` in pixels is added in the scan."""
    return [
        (*there, *here) for there, here in zip(carried(matrix, places) + error, places, strict=True)
    ]


def of_frames(transform, scan=SCAN, reference=DVD):
    """The matrix of a transform between corners of whole frames, not centres of live areas."""
    here, there = scan.live_area, reference.live_area
    to_live = np.array([[1, 0, -there.x - 0.5], [0, 1, -there.y - 0.5], [0, 0, 1]])
    from_live = np.array([[1, 0, here.x + 0.5], [0, 1, here.y + 0.5], [0, 0, 1]])
    matrix = from_live @ transform.matrix @ to_live
    return matrix / matrix[2, 2]


def test_four_points_give_the_homography_that_solves_them():
    points = pointed(PLACES[:4])
    rows = [
        row
        for u, v, x, y in points
        for row in ([x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y])
    ]
    solved = np.linalg.solve(rows, [value for u, v, *_ in points for value in (u, v)])
    transform = transform_by_points(points, SCAN, DVD)
    assert transform.kind == "homography"
    assert of_frames(transform) == pytest.approx(np.append(solved, 1).reshape(3, 3), rel=1e-6)
    assert of_frames(transform) == pytest.approx(HOMOGRAPHY, rel=1e-6)
    assert transform.residual < 1e-6


def test_more_points_give_the_homography_of_least_squares():
    error = np.random.default_rng(1).normal(0, 3, (len(PLACES), 2))
    points = pointed(PLACES, error=error)
    transform = transform_by_points(points, SCAN, DVD)

    def squares(matrix):
        return (np.subtract(carried(matrix, PLACES), [p[:2] for p in points]) ** 2).sum()

    found = of_frames(transform)
    assert transform.residual == pytest.approx(np.sqrt(squares(found) / len(points)))
    for index in range(8):
        for sign in (-1, 1):
            other = found.copy()
            other.flat[index] += sign * 1e-4 * abs(found.flat[index])
            assert squares(other) > squares(found)


def test_three_points_give_the_affine_transform_that_solves_them():
    points = pointed(PLACES[:3])
    solved = np.linalg.solve([[x, y, 1] for *_, x, y in points], [p[:2] for p in points]).T
    transform = transform_by_points(points, SCAN, DVD)
    assert transform.kind == "affine"
    assert of_frames(transform)[:2] == pytest.approx(solved)


def test_two_points_turn_and_scale_by_the_aspect_of_the_pixels():
    points = [(400.0, 300.0, 100.0, 100.0), (1500.0, 900.0, 500.0, 340.0)]
    transform = transform_by_points(points, SCAN, DVD)
    # A similarity of the plane of complex numbers, in which the DVD's pixels are square.
    here = [complex(u, v) for u, v, *_ in points]
    there = [complex(x * 16 / 15, y) for *_, x, y in points]
    ratio = (here[1] - here[0]) / (there[1] - there[0])
    shift = here[0] - ratio * there[0]
    expected = [
        [ratio.real * 16 / 15, -ratio.imag, shift.real],
        [ratio.imag * 16 / 15, ratio.real, shift.imag],
    ]
    assert transform.kind == "similarity"
    assert of_frames(transform)[:2] == pytest.approx(np.array(expected))


def test_one_point_moves_the_live_area_or_a_framing():
    points = [(1024.0, 700.0, 360.0, 288.0)]
    transform = transform_by_points(points, SCAN, DVD)
    across, down = 1800 / 704, 1350 / 572
    expected = [[across, 0, 1024 - across * 360], [0, down, 700 - down * 288]]
    assert transform.kind == "translation"
    assert of_frames(transform)[:2] == pytest.approx(np.array(expected))
    framing = np.array([[2.6, 0.02, 5.0], [-0.02, 2.4, 3.0], [1e-6, 0, 1.0]])
    moved = transform_by_points(points, SCAN, DVD, framing)
    shift = moved.matrix @ np.linalg.inv(framing)
    assert (shift / shift[2, 2])[:2, :2] == pytest.approx(np.eye(2))
    assert carried(of_frames(moved), [(360, 288)])[0] == pytest.approx((1024, 700))


def test_a_warp_of_the_framing_is_part_of_it():
    points = [(1024.0, 700.0, 360.0, 288.0)]
    bend = np.array([[3.0, -2.0]])
    transform = transform_by_points(points, SCAN, DVD, bend=bend)
    # The pixel at p shows what the matrix lays at p plus the displacement.
    assert carried(of_frames(transform), [(360, 288)])[0] == pytest.approx((1027, 698))
    assert transform.residual < 1e-9


TURNED = [(0.0, 0.0), (200.0, 0.0), (200.0, 100.0), (0.0, 100.0)]


@pytest.mark.parametrize(
    ("scan", "reference", "message"),
    [
        (TURNED[:2], [(5, 5), (5.5, 5)], "points 1 and 2 are equal in the reference; move one"),
        ([(3, 3), (3, 3), (9, 90)], TURNED[:3], "points 1 and 2 are equal in the scan"),
        ([(0, 0), (50, 1), (100, 0)], TURNED[:3], "the three points lie on a line in the scan"),
        (TURNED, [(0, 0), (50, 0), (100, 1), (0, 60)], "three on a line in the reference; move"),
        ([*TURNED, (90, 40)], [*((k, k) for k in (0, 50, 100, 150)), (0, 90)], "on a line in the"),
        (TURNED, [(200, 0), (0, 0), (0, 100), (200, 100)], "mirror the reference; set its 'orie"),
        (TURNED[:3], [(200, 0), (0, 0), (0, 100)], "the points mirror the reference"),
        ([*TURNED, (90, 40)], [*TURNED[:3], (190, -70), (90, 40)], "point 4 lies on the other"),
        ([(40.0 * k, k * k) for k in range(33)], [(0, 0)] * 33, "33 points, above 32; take some"),
    ],
)
def test_points_without_a_transform_are_refused(scan, reference, message):
    points = [(*one, *other) for one, other in zip(scan, reference, strict=True)]
    with pytest.raises(ValueError, match=message):
        check_control_points(points)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
def test_sound_points_are_accepted_turned_too(count):
    half_turn = np.array([[-1.0, 0, 3000], [0, -1, 2000], [0, 0, 1]])
    points = pointed(PLACES[:count], half_turn @ HOMOGRAPHY)
    assert check_control_points(points) == tuple(points)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ((2049.0, 5.0, 5.0, 5.0), "point 2 is at 2049, 5 in the scan, which is 2048 x 1556 pixels"),
        ((5.0, 5.0, 5.0, 577.5), "point 2 is at 5, 577.5 in the reference, which is 720 x 576"),
    ],
)
def test_a_point_outside_its_picture_is_refused(point, message):
    with pytest.raises(ValueError, match=f"{message}.*; move it inside"):
        transform_by_points([(9.0, 9.0, 9.0, 9.0), point], SCAN, DVD)


def test_points_that_fold_the_picture_are_refused():
    places = [(300.0, 250.0), (420.0, 250.0), (420.0, 330.0), (300.0, 330.0)]
    tilted = np.array([[0.5, 0, 0], [0, 0.5, 0], [-1.8e-3, 0, 1.0]])
    with pytest.raises(ValueError, match="the points fold the picture near its border; spread"):
        transform_by_points(pointed(places, tilted), SCAN, DVD)
