"""Transforms on the raster of alignment and in pixels of source and reference."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unfade.align.prepare import Raster
from unfade.align.transform.register import Registration, scaling

size = st.tuples(st.integers(100, 4000), st.integers(100, 4000))
share = st.floats(0, 1)


@given(size, size)
def test_a_scaling_and_its_inverse_are_the_identity(
    size: tuple[int, int], other: tuple[int, int]
) -> None:
    there_and_back = scaling(*other, *size) @ scaling(*size, *other)
    np.testing.assert_allclose(there_and_back, np.eye(3), atol=1e-9)


@given(size, size)
def test_a_scaling_keeps_the_outline(size: tuple[int, int], other: tuple[int, int]) -> None:
    outline = np.array([[[-0.5, -0.5], [size[0] - 0.5, size[1] - 0.5]]])
    scaled = cv2.perspectiveTransform(outline, scaling(*size, *other))[0]
    np.testing.assert_allclose(scaled, [[-0.5, -0.5], [other[0] - 0.5, other[1] - 0.5]], atol=1e-9)


@given(live=size, reference=size, x=share, y=share, turn=st.floats(-0.1, 0.1))
def test_a_point_lies_where_the_raster_has_it(
    live: tuple[int, int], reference: tuple[int, int], x: float, y: float, turn: float
) -> None:
    raster = Raster(live, 540, 960)
    matrix = np.array([[1.1, -turn, 5.0], [turn, 0.95, -3.0], [1e-5, 2e-5, 1.0]])
    point = np.array([[[x * reference[1], y * reference[0]]]])
    on_raster = cv2.perspectiveTransform(point, scaling(reference[1], reference[0], 960, 540))
    warped = cv2.perspectiveTransform(on_raster, matrix)
    expected = cv2.perspectiveTransform(warped, scaling(960, 540, live[1], live[0]))
    found = cv2.perspectiveTransform(point, raster.to_full_size(matrix, reference))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@given(live=size, shift=st.floats(-20, 20))
def test_a_smooth_warp_keeps_its_share_of_the_width(live: tuple[int, int], shift: float) -> None:
    raster = Raster(live, 540, 960)
    warp = raster.warp_to_full_size(Registration(np.eye(3), 0, np.full((2, 6, 8), shift)))
    assert warp is not None
    np.testing.assert_allclose(np.array(warp.x) / live[1], shift / 960, atol=1e-4 / live[1])
