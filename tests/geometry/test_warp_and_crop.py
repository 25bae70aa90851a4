"""Warps and crops."""

import pytest
import torch

from unfade.film.alignment import SmoothWarp
from unfade.film.clip import Area
from unfade.geometry.crop import crop, intersection
from unfade.geometry.warp import displacement, source_positions, warp

CUBIC_ERROR_PX = 0.05
"""Largest deviation, in pixels, of a ramp under bicubic interpolation with parameter -0.75, which
does not reproduce ramps exactly between samples."""

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def picture() -> torch.Tensor:
    return torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))


def test_the_identity_changes_nothing() -> None:
    torch.testing.assert_close(warp(picture(), IDENTITY, 20, 30), picture(), atol=1e-5, rtol=0)


def test_a_shift_moves_whole_pixels() -> None:
    shift = ((1.0, 0.0, 3.0), (0.0, 1.0, 2.0), (0.0, 0.0, 1.0))
    moved = warp(picture(), shift, 20, 30)
    torch.testing.assert_close(moved[:, 2:, 3:], picture()[:, :-2, :-3], atol=1e-5, rtol=0)
    position = source_positions(torch.tensor(shift, dtype=torch.float64), None, 20, 30)
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
    at_every_pixel = source_positions(torch.eye(3, dtype=torch.float64), nodes, 60, 80)
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
