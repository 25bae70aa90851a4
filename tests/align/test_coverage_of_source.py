import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from unfade.align.coverage import covered_area
from unfade.film.clip import Area

SIZE = (120, 200)


def test_identity_covers_all_but_the_border():
    assert covered_area(np.eye(3), SIZE, SIZE) == Area(x=2, y=2, width=196, height=116)


def test_a_window_of_the_source():
    matrix = np.array([[0.5, 0.0, 20.0], [0.0, 0.5, 30.0], [0.0, 0.0, 1.0]])
    assert covered_area(matrix, SIZE, SIZE) == Area(x=22, y=32, width=96, height=56)


def test_a_reference_beyond_the_source_is_cut_to_it():
    matrix = np.array([[2.0, 0.0, -50.0], [0.0, 2.0, -50.0], [0.0, 0.0, 1.0]])
    assert covered_area(matrix, SIZE, SIZE) == Area(x=0, y=0, width=200, height=120)


def test_beside_the_source_nothing_is_covered():
    assert covered_area(np.array([[1.0, 0, 500], [0, 1, 0], [0, 0, 1]]), SIZE, SIZE) is None


@settings(max_examples=40, deadline=None)
@given(turn=st.floats(-0.08, 0.08), scale=st.floats(0.6, 1.3), x=st.floats(-20, 40))
def test_every_pixel_lies_in_the_reference_and_no_rectangle_beside_does(turn, scale, x):
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    matrix = np.array([[cos, -sin, x], [sin, cos, 10.0], [1e-5, 0.0, 1.0]])
    area = covered_area(matrix, SIZE, SIZE)
    assert area is not None
    right, bottom = area.x + area.width - 1, area.y + area.height - 1
    corners = np.array([[[area.x, area.y], [right, area.y], [right, bottom], [area.x, bottom]]])
    there = cv2.perspectiveTransform(corners.astype(float), np.linalg.inv(matrix))[0]
    assert (there >= -1e-6).all()
    assert (there <= np.array([SIZE[1] - 1, SIZE[0] - 1]) + 1e-6).all()
    assert area.width * area.height >= 0.3 * min(1.0, scale) ** 2 * SIZE[0] * (SIZE[1] - abs(x))


def test_area_is_the_largest():
    matrix = np.array([[0.9, -0.05, 20.0], [0.05, 0.9, 5.0], [0.0, 0.0, 1.0]])
    area = covered_area(matrix, SIZE, SIZE)
    corners = np.array([[[0, 0], [199, 0], [199, 119], [0, 119]]], float)
    outline = cv2.perspectiveTransform(corners, matrix).astype(np.float32)[0]
    depth = [
        [cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x in range(SIZE[1])]
        for y in range(SIZE[0])
    ]
    assert area.width * area.height == _largest_rectangle(np.array(depth) >= 2)


def _largest_rectangle(mask):
    best, heights = 0, np.zeros(mask.shape[1], int)
    for row in mask:
        heights = np.where(row, heights + 1, 0)
        for left in range(len(heights)):
            lowest = np.minimum.accumulate(heights[left:])
            best = max(best, int((lowest * np.arange(1, len(lowest) + 1)).max()))
    return best
