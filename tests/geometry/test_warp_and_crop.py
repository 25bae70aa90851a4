"""Warps and crops."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unfade.film.alignment import SmoothWarp
from unfade.film.clip import Area
from unfade.geometry.crop import crop, intersection
from unfade.geometry.warp import as_matrix, displacement, source_positions, warp

from ..fixtures import soft_shapes

CUBIC_ERROR_PX = 0.05
"""Largest deviation, in pixels, of a ramp under bicubic interpolation with parameter -0.75, which
does not reproduce ramps exactly between samples."""

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def picture() -> torch.Tensor:
    return torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))


def positions_of(
    matrix: torch.Tensor, nodes: torch.Tensor | None, height: int, width: int
) -> torch.Tensor:
    return torch.stack(source_positions(matrix, nodes, height, width), dim=-1)


def test_the_identity_changes_nothing() -> None:
    torch.testing.assert_close(warp(picture(), IDENTITY, 20, 30), picture(), atol=1e-5, rtol=0)


def test_a_shift_moves_whole_pixels() -> None:
    shift = ((1.0, 0.0, 3.0), (0.0, 1.0, 2.0), (0.0, 0.0, 1.0))
    moved = warp(picture(), shift, 20, 30)
    torch.testing.assert_close(moved[:, 2:, 3:], picture()[:, :-2, :-3], atol=1e-5, rtol=0)
    position = positions_of(torch.tensor(shift, dtype=torch.float64), None, 20, 30)
    torch.testing.assert_close(position[5, 7], torch.tensor([4.0, 3.0], dtype=torch.float64))


def test_a_homography_moves_a_ramp_to_the_computed_position() -> None:
    matrix = ((1.1, 0.02, -1.0), (0.01, 0.95, 2.0), (1e-4, 2e-4, 1.0))
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(80.0), indexing="ij")
    warped = warp(torch.stack([x, y]), matrix, 60, 80)
    inverse = torch.linalg.inv(torch.tensor(matrix))
    position = inverse @ torch.tensor([40.0, 30.0, 1.0])
    torch.testing.assert_close(
        warped[:, 30, 40], position[:2] / position[2], atol=CUBIC_ERROR_PX, rtol=0
    )


def test_a_smooth_warp_reads_the_source_at_its_displacement() -> None:
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(80.0), indexing="ij")
    to_the_right = SmoothWarp(x=((3.0,) * 4,) * 3, y=((0.0,) * 4,) * 3)
    warped = warp(torch.stack([x, y]), IDENTITY, 60, 80, to_the_right)
    torch.testing.assert_close(warped[0, 30, 40], torch.tensor(43.0), atol=CUBIC_ERROR_PX, rtol=0)
    torch.testing.assert_close(warped[1], y, atol=CUBIC_ERROR_PX, rtol=0)


def test_a_smooth_warp_passes_through_its_nodes() -> None:
    nodes = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    y, x = torch.meshgrid(torch.linspace(0, 59, 3), torch.linspace(0, 79, 4), indexing="ij")
    displaced = displacement(nodes, torch.stack([x, y], dim=-1).double(), 60, 80)
    torch.testing.assert_close(displaced, nodes, atol=1e-4, rtol=0)


def test_a_smooth_warp_is_the_same_at_points_and_at_every_pixel() -> None:
    nodes = torch.rand(2, 6, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(80.0), indexing="ij")
    points = torch.stack([x, y], dim=-1).double()
    at_points = points + displacement(nodes, points, 60, 80).permute(1, 2, 0)
    at_every_pixel = positions_of(torch.eye(3, dtype=torch.float64), nodes, 60, 80)
    torch.testing.assert_close(at_every_pixel, at_points, atol=1e-9, rtol=0)


def test_ragged_rows_of_nodes_are_refused() -> None:
    with pytest.raises(ValueError, match="do not form a grid"):
        SmoothWarp(x=((1.0, 2.0), (1.0,)), y=((1.0, 2.0), (1.0, 2.0)))


def test_a_crop_is_the_area() -> None:
    cropped = crop(picture(), Area(x=4, y=5, width=6, height=7))
    assert torch.equal(cropped, picture()[:, 5:12, 4:10])


def test_a_crop_outside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="does not lie within 30 x 20 pixels"):
        crop(picture(), Area(x=25, y=0, width=6, height=1))


def test_areas_share_their_overlap() -> None:
    one, other = Area(x=0, y=0, width=10, height=10), Area(x=4, y=6, width=10, height=10)
    assert intersection([one, other]) == Area(x=4, y=6, width=6, height=4)
    assert intersection([one, Area(x=10, y=0, width=5, height=5)]) is None


def _matrix(turn: float, scale: float, shift: float, tilt: float) -> torch.Tensor:
    """A homography; turn in radians, shift in pixels, tilt per pixel."""
    rows = [[scale, -turn, shift], [turn, scale * 1.05, -shift / 2], [tilt, -tilt, 1.0]]
    return torch.tensor(rows, dtype=torch.float64)


def _project(matrix: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Points (h, w, 2) under a homography."""
    x, y, depth = (torch.cat([points, torch.ones_like(points[..., :1])], -1) @ matrix.T).unbind(-1)
    return torch.stack([x / depth, y / depth], dim=-1)


def _pixels(height: int, width: int) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([x, y], dim=-1).double()


homographies = st.builds(
    _matrix, st.floats(-0.2, 0.2), st.floats(0.7, 1.4), st.floats(-9, 9), st.floats(-5e-4, 5e-4)
)
nodes_of_warps = st.integers(0, 99).map(
    lambda seed: torch.rand(
        2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
)


@given(homographies)
def test_a_homography_and_its_inverse_return_every_pixel(matrix: torch.Tensor) -> None:
    returned = _project(matrix, positions_of(matrix, None, 30, 40))
    torch.testing.assert_close(returned, _pixels(30, 40), atol=1e-9, rtol=0)


@given(homographies, nodes_of_warps)
def test_a_smooth_warp_and_its_displacement_return_every_pixel(
    matrix: torch.Tensor, nodes: torch.Tensor
) -> None:
    displaced = _project(matrix, positions_of(matrix, nodes, 30, 40))
    offset = displacement(nodes, _pixels(30, 40), 30, 40).permute(1, 2, 0)
    torch.testing.assert_close(displaced - offset, _pixels(30, 40), atol=1e-9, rtol=0)


@given(homographies, homographies)
def test_positions_of_a_product_are_those_of_its_factors_in_turn(
    first: torch.Tensor, second: torch.Tensor
) -> None:
    in_turn = _project(torch.linalg.inv(first), positions_of(second, None, 30, 40))
    at_once = positions_of(second @ first, None, 30, 40)
    torch.testing.assert_close(at_once, in_turn, atol=1e-8, rtol=0)


@settings(max_examples=30)
@given(homographies)
def test_a_picture_that_is_warped_and_warped_back_is_the_same(matrix: torch.Tensor) -> None:
    smooth = soft_shapes(3, (1, 4, 5), 60, 80).double()
    inverse = torch.linalg.inv(matrix)
    there = warp(smooth, as_matrix(matrix.numpy()), 60, 80)
    back = warp(there, as_matrix((inverse / inverse[2, 2]).numpy()), 60, 80)
    positions = _project(matrix, _pixels(60, 80))
    limits = torch.tensor([80, 60]) - 4
    inside = ((positions >= 3) & (positions <= limits)).all(dim=-1)
    assert float((back - smooth).abs()[:, inside].max()) < 0.01


areas = st.builds(
    Area,
    x=st.integers(0, 9),
    y=st.integers(0, 9),
    width=st.integers(1, 9),
    height=st.integers(1, 9),
)


@given(areas)
def test_a_crop_is_a_warp_by_whole_pixels(area: Area) -> None:
    shift = ((1.0, 0.0, -float(area.x)), (0.0, 1.0, -float(area.y)), (0.0, 0.0, 1.0))
    shifted = warp(picture(), shift, area.height, area.width)
    torch.testing.assert_close(shifted, crop(picture(), area), atol=1e-5, rtol=0)


@given(areas, st.data())
def test_a_crop_of_a_crop_is_one_crop(outer: Area, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, outer.width - 1)), data.draw(st.integers(0, outer.height - 1))
    inner = Area(x=x, y=y, width=outer.width - x, height=outer.height - y)
    both = inner.model_copy(update={"x": outer.x + x, "y": outer.y + y})
    assert torch.equal(crop(crop(picture(), outer), inner), crop(picture(), both))


@given(st.lists(areas, min_size=1, max_size=3))
def test_an_intersection_has_the_pixels_of_all_areas(several: list[Area]) -> None:
    count = torch.zeros(20, 20)
    for area in several:
        crop(count, area).add_(1)
    shared = intersection(several)
    assert (shared.width * shared.height if shared else 0) == int((count == len(several)).sum())
    assert shared is None or bool((crop(count, shared) == len(several)).all())
