import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from unfade.align.measure.coverage import covered_area, on_live_area
from unfade.align.transform.register import Registration, WarpMap
from unfade.film.clip import Area

HEIGHT, WIDTH = 120, 200


def _covered(matrix, smooth=None):
    return WarpMap(Registration(np.array(matrix), 0, smooth), HEIGHT, WIDTH).covered()


def test_the_identity_covers_all_but_the_border():
    assert covered_area(_covered(np.eye(3))) == Area(x=2, y=2, width=196, height=116)


def test_a_reference_of_part_of_the_source_covers_that_part():
    matrix = [[0.5, 0.0, 20.0], [0.0, 0.5, 30.0], [0.0, 0.0, 1.0]]
    assert covered_area(_covered(matrix)) == Area(x=21, y=31, width=98, height=58)


def test_coverage_is_limited_to_the_source():
    matrix = [[2.0, 0.0, -50.0], [0.0, 2.0, -50.0], [0.0, 0.0, 1.0]]
    assert covered_area(_covered(matrix)) == Area(x=0, y=0, width=200, height=120)


def test_a_reference_outside_the_source_covers_nothing():
    assert covered_area(_covered([[1.0, 0, 500], [0, 1, 0], [0, 0, 1]])) is None


def test_a_smooth_warp_moves_the_outline():
    smooth = np.zeros((2, 6, 8))
    smooth[0, :, 0] = -6.0
    area = covered_area(_covered(np.eye(3), smooth))
    assert area is not None
    assert 6 <= area.x <= 9
    assert area.x + area.width == 198


@settings(max_examples=30)
@given(turn=st.floats(-0.08, 0.08), scale=st.floats(0.6, 1.3), x=st.floats(-20, 40))
def test_every_covered_pixel_lies_in_the_reference(turn, scale, x):
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    matrix = np.array([[cos, -sin, x], [sin, cos, 10.0], [1e-5, 0.0, 1.0]])
    area = covered_area(_covered(matrix))
    assert area is not None
    right, bottom = area.x + area.width - 1, area.y + area.height - 1
    corners = np.array([[[area.x, area.y], [right, area.y], [right, bottom], [area.x, bottom]]])
    in_reference = cv2.perspectiveTransform(corners.astype(float), np.linalg.inv(matrix))[0]
    assert (in_reference >= 2 - 1e-3).all()
    assert (in_reference <= np.array([WIDTH - 3, HEIGHT - 3]) + 1e-3).all()
    assert area.width * area.height >= 0.3 * min(1.0, scale) ** 2 * HEIGHT * (WIDTH - abs(x))


def test_the_rectangle_is_the_largest():
    matrix = [[0.9, -0.05, 20.0], [0.05, 0.9, 5.0], [0.0, 0.0, 1.0]]
    mask = _covered(matrix)
    area = covered_area(mask)
    assert area is not None
    assert area.width * area.height == _largest_rectangle(mask)


def test_scaling_to_the_live_area_covers_no_more():
    area = Area(x=1, y=2, width=100, height=50)
    assert on_live_area(area, (120, 200), (300, 500)) == Area(x=3, y=5, width=249, height=125)
    assert on_live_area(area, (120, 200), (120, 200)) == area


def _largest_rectangle(mask):
    best, heights = 0, np.zeros(mask.shape[1], int)
    for row in mask:
        heights = np.where(row, heights + 1, 0)
        for left in range(len(heights)):
            lowest = np.minimum.accumulate(heights[left:])
            best = max(best, int((lowest * np.arange(1, len(lowest) + 1)).max()))
    return best
